"""Operators of TensorFlow that reach out of the graph: what they touch, and where it is named.

From the operator registry of TensorFlow 2.18, and those that TensorFlow 1 and its add-ons had.
"""

from typing import NamedTuple

READS, WRITES, CALLS_PYTHON, NETWORK, CHECKPOINT, TABLE, TELLS = (
    "reads",
    "writes",
    "python",
    "network",
    "checkpoint",
    "table",
    "tells",
)


class Reach(NamedTuple):
    """What an operator touches: `inputs` are those that name it, `attrs` attributes that do."""

    kind: str
    inputs: tuple[int, ...] = ()
    attrs: tuple[str, ...] = ()


_FIRST, _SECOND = (0,), (1,)
_DEBUG = Reach(TELLS, (), ("debug_urls",))
_CLUSTER = Reach(NETWORK, (), ("communication_hint",))

REACHING: dict[str, Reach] = {
    **dict.fromkeys(("ReadFile", "MatchingFiles", "MatchingFilesDataset"), Reach(READS, _FIRST)),
    **dict.fromkeys(
        (
            "CSVDataset",
            "CSVDatasetV2",
            "FixedLengthRecordDataset",
            "FixedLengthRecordDatasetV2",
            "LMDBDataset",
            "ListSnapshotChunksDataset",
            "LoadDataset",
            "SnapshotChunkDataset",
            "SnapshotDatasetReader",
            "SnapshotNestedDatasetReader",
            "TFRecordDataset",
            "TFRecordDatasetV2",
            "TextLineDataset",
        ),
        Reach(READS, _FIRST),
    ),
    "LoadAndRemapMatrix": Reach(CHECKPOINT, _FIRST),
    "SqlDataset": Reach(READS, (0, 1, 2)),
    "DecodeProtoV2": Reach(READS, (), ("descriptor_source",)),
    "EncodeProto": Reach(READS, (), ("descriptor_source",)),
    **dict.fromkeys(
        (
            "FixedLengthRecordReader",
            "FixedLengthRecordReaderV2",
            "LMDBReader",
            "TFRecordReader",
            "TFRecordReaderV2",
            "TextLineReader",
            "TextLineReaderV2",
            "WholeFileReader",
            "WholeFileReaderV2",
        ),
        Reach(READS),
    ),
    "WriteFile": Reach(WRITES, (0, 1)),
    "DatasetToTFRecord": Reach(WRITES, _SECOND),
    "SaveDataset": Reach(WRITES, _SECOND),
    "SaveDatasetV2": Reach(WRITES, _SECOND),
    "SnapshotDataset": Reach(WRITES, _SECOND),
    "SnapshotDatasetV2": Reach(WRITES, _SECOND),
    "CacheDataset": Reach(WRITES, _SECOND),
    "CacheDatasetV2": Reach(WRITES, _SECOND),
    "DistributedSave": Reach(WRITES, _SECOND),
    "CreateSummaryDbWriter": Reach(WRITES, _SECOND),
    "CreateSummaryFileWriter": Reach(WRITES, _SECOND),
    "DumpTensor": Reach(WRITES, (), ("log_dir", "tensor_name")),
    "CalibrationStatisticsSaver": Reach(WRITES, (), ("output_file_path",)),
    "PrintV2": Reach(TELLS, (), ("output_stream",)),
    **dict.fromkeys(
        (
            "CopyHost",
            "Copy",
            "DebugIdentity",
            "DebugIdentityV2",
            "DebugIdentityV3",
            "DebugNanCount",
            "DebugNumericSummary",
            "DebugNumericSummaryV2",
        ),
        Reach(TELLS, (), ("debug_urls", "debug_ops_spec")),
    ),
    **dict.fromkeys(
        ("PyFunc", "PyFuncStateless", "EagerPyFunc"), Reach(CALLS_PYTHON, (), ("token",))
    ),
    **dict.fromkeys(
        (
            "Save",
            "SaveV2",
            "SaveSlices",
            "Restore",
            "RestoreV2",
            "RestoreSlice",
            "DTensorRestoreV2",
        ),
        Reach(CHECKPOINT, _FIRST),
    ),
    "MergeV2Checkpoints": Reach(CHECKPOINT, (0, 1)),
    "InitializeTableFromTextFile": Reach(TABLE, _SECOND),
    "InitializeTableFromTextFileV2": Reach(TABLE, _SECOND),
    "RpcServer": Reach(NETWORK, _FIRST),
    "RpcClient": Reach(NETWORK, _FIRST),
    **dict.fromkeys(("RpcCall", "RpcServerStart", "RpcServerRegister"), Reach(NETWORK)),
    **dict.fromkeys(("Rpc", "TryRpc"), Reach(NETWORK, (0, 1, 2))),
    **dict.fromkeys(
        (
            "DataServiceDataset",
            "DataServiceDatasetV2",
            "DataServiceDatasetV3",
            "DataServiceDatasetV4",
        ),
        Reach(NETWORK, (1, 2, 3, 4)),
    ),
    "RegisterDataset": Reach(NETWORK, (1, 2)),
    "RegisterDatasetV2": Reach(NETWORK, (1, 2)),
    "FileSystemSetConfiguration": Reach(NETWORK, (0, 1, 2)),
    **dict.fromkeys(
        (
            "BigQueryReader",
            "BigtableClient",
            "GcsConfigureBlockCache",
            "GcsConfigureCredentials",
            "KafkaDataset",
            "KinesisDataset",
        ),
        Reach(NETWORK, (0, 1, 2)),
    ),
    **dict.fromkeys(
        (
            "CollectiveGather",
            "CollectiveGatherV2",
            "CollectiveReduce",
            "CollectiveReduceV2",
            "CollectiveReduceV3",
            "CollectiveBcastSend",
            "CollectiveBcastSendV2",
            "CollectiveBcastRecv",
            "CollectiveBcastRecvV2",
            "CollectiveInitializeCommunicator",
        ),
        _CLUSTER,
    ),
}
"""Operators by name; one that begins with `Experimental` does what its namesake does."""

REMOTE = ("BigQuery", "Bigtable", "Gcs", "Kafka", "Kinesis", "Grpc", "PubSub")
"""How the names of add-ons begin that ask a service."""


def reach_of(op: str) -> Reach | None:
    """Return what an operator touches, None for one that computes. `Flex` is how Lite says it."""
    plain = op.removeprefix("Flex").removeprefix("Experimental")
    known = REACHING.get(plain)
    if known is None and (plain.startswith(("IO>", *REMOTE))):
        return Reach(NETWORK, (0, 1, 2))
    return known
