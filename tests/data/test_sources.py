"""A file is found where the user put it, else downloaded; nothing happens behind their back."""

import pooch
import pytest

from zoo.data import sources

pytestmark = pytest.mark.once


@pytest.fixture
def download(monkeypatch, tmp_path):
    """Replace the network: record what is asked for, answer with a path or an error."""

    class Download:
        asked: tuple | None = None
        error: Exception | None = None
        answer = tmp_path / "cache" / "mnist.npz"

        def __call__(self, address, known_hash, fname, path):
            self.asked = (address, known_hash, fname)
            if self.error:
                raise self.error
            return str(self.answer)

    fake = Download()
    monkeypatch.setattr(pooch, "retrieve", fake)
    monkeypatch.delenv("ZOO_DATA", raising=False)
    return fake


def test_the_given_folder_wins_over_zoo_data(tmp_path, monkeypatch, download):
    for folder in ("given", "environment"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mnist.npz").touch()
    monkeypatch.setenv("ZOO_DATA", str(tmp_path / "environment"))
    assert sources.locate("mnist.npz", tmp_path / "given") == tmp_path / "given" / "mnist.npz"
    assert sources.locate("mnist.npz") == tmp_path / "environment" / "mnist.npz"
    assert download.asked is None


def test_a_given_folder_without_the_file_is_an_error_and_not_a_download(
    tmp_path, monkeypatch, download
):
    (tmp_path / "mnist.npz").touch()
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"empty/mnist\.npz does not exist; put mnist"):
        sources.locate("mnist.npz", tmp_path / "empty")
    assert download.asked is None


def test_the_error_names_the_file_that_may_take_its_place(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"\(or fashion_mnist\.npz\)"):
        sources.locate("train-images-idx3-ubyte.gz", tmp_path)


def test_what_zoo_data_lacks_is_downloaded_with_its_hash(tmp_path, monkeypatch, download):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert sources.locate("mnist.npz") == download.answer
    address, known_hash, name = download.asked
    assert address.endswith("tf-keras-datasets/mnist.npz") and name == "mnist.npz"
    assert known_hash.startswith("sha256:731c5ac6")


def test_a_failed_download_says_from_where_and_where_to_put_it(tmp_path, monkeypatch, download):
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    download.error = ConnectionError("no route")
    with pytest.raises(OSError, match="no route") as caught:
        sources.locate("mnist.npz")
    assert sources.SOURCES["mnist.npz"].address in str(caught.value)
    assert f"put it at {tmp_path / 'mnist.npz'}" in str(caught.value)


def test_a_download_with_another_hash_is_refused(download):
    download.error = ValueError("hash")
    with pytest.raises(ValueError, match="is not the expected mnist.npz"):
        sources.locate("mnist.npz")


def test_an_unknown_file_lists_what_can_be_downloaded(download):
    with pytest.raises(FileNotFoundError, match=r"'own\.csv' is neither .*mnist\.npz"):
        sources.locate("own.csv")
    assert download.asked is None


def test_every_source_has_a_checksum_of_the_length_of_its_algorithm():
    digits = {"md5": 32, "sha256": 64}
    for source in sources.SOURCES.values():
        algorithm, digest = source.checksum.split(":")
        assert len(digest) == digits[algorithm] and int(digest, 16)
        assert source.address.endswith(source.name)


def test_what_nobody_can_download_is_found_or_explained(tmp_path, monkeypatch, download):
    (tmp_path / "cards.csv").touch()
    assert sources.locate_by_hand("cards.csv", "https://x.org", tmp_path) == tmp_path / "cards.csv"
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path}/other.csv does not exist.*https://x"):
        sources.locate_by_hand("other.csv", "https://x.org", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"not set\).*FOLDER/cards.csv.*ZOO_DATA=FOLDER"):
        sources.locate_by_hand("cards.csv", "https://x.org")
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    assert sources.locate_by_hand("cards.csv", "https://x.org") == tmp_path / "cards.csv"
    with pytest.raises(
        FileNotFoundError, match=rf"https://x.org and put it at {tmp_path}/other.csv"
    ):
        sources.locate_by_hand("other.csv", "https://x.org")
    assert download.asked is None
