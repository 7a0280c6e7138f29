"""Recurrent layers are left to Keras here."""


def simple_rnn(*_):
    raise NotImplementedError


lstm = gru = simple_rnn
