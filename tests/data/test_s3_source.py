"""A folder behind S3's own protocol: moto's server on loopback, asked by s3fs."""

from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.sources import ConfiguredSource
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source
from automl_magics.data.sources.address import parse_address
from automl_magics.data.sources.listing import list_tables
from tests.conftest import write_churn

KEY, SECRET = "the-access-key", "the-secret-key"


@pytest.fixture(scope="module")
def endpoint():
    """The URL of an S3 that holds a file and a folder of two parts."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def lake(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("LAKE_KEY", KEY)
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    write_churn(tmp_path / "churn.csv", rows=100)
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )  # fmt: skip
    s3.create_bucket(Bucket="lake")
    s3.upload_file(str(tmp_path / "churn.csv"), "lake", "raw/churn.csv")
    for number in range(2):
        s3.put_object(Bucket="lake", Key=f"raw/parts/part-{number}.csv", Body=b"a,b\n1,x\n2,y\n")
    return source_at("lake", endpoint)


def source_at(bucket, endpoint):
    secrets = "key=${env:LAKE_KEY}&secret=${env:LAKE_SECRET}"
    address = parse_address(f"s3://{bucket}/raw?{secrets}&endpoint_url={endpoint}", folder=Path())
    return {"lake": ConfiguredSource(name="lake", url=address.url, set_by="home")}


def read(text, sources, root):
    with Source(text, root, root=root, sources=sources).open() as connection, reading_errors():
        return connection.table(ROWS).to_arrow_table()


def test_files_of_a_bucket_are_tables(lake, tmp_path):
    assert {one.name for one in list_tables(lake["lake"], within=9)} == {"churn", "parts"}
    assert read("lake.churn", lake, tmp_path).num_rows == 100
    assert read("lake.parts", lake, tmp_path).column("b").to_pylist() == ["x", "y", "x", "y"]


def test_a_bucket_that_is_not_there_is_told_without_the_secret(endpoint, lake, tmp_path):
    assert lake
    with pytest.raises(AutoMLError) as refused:
        read("lake.churn", source_at("nowhere", endpoint), tmp_path)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)
