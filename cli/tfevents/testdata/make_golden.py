"""Makes golden.tfevents: events as TensorBoard's own classes encode them.

    pip install torch==2.14.1 tensorboard==2.21.0
    python3 make_golden.py [FILE]

The summaries are those of torch.utils.tensorboard; the records are written by
the RecordWriter of TensorBoard, which torch.utils.tensorboard uses.
"""

import sys

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from torch.utils.tensorboard.summary import scalar, text

path = sys.argv[1] if len(sys.argv) > 1 else __file__.replace("make_golden.py", "golden.tfevents")
picture = Summary.Image(height=2, width=300, colorspace=3, encoded_image_string=b"not a picture")
both = Summary(value=[*scalar("loss", 0.1).value, *scalar("lr", 0.0).value])
events = [
    Event(file_version="brain.Event:2"),
    Event(step=1, summary=both),
    Event(step=-1, summary=scalar("loss", float("nan"))),
    Event(step=2**40, summary=scalar("tägé", float("-inf"))),
    Event(step=3, session_log=SessionLog(status=SessionLog.START)),
    Event(step=4, summary=text("config", "```\nepochs = 3\n```")),
    Event(step=5, summary=Summary(value=[Summary.Value(tag="views", image=picture)])),
    Event(step=6, summary=Summary()),
]
with open(path, "wb") as f:
    w = RecordWriter(f)
    for i, event in enumerate(events):
        event.wall_time = 1764000000.25 + i
        w.write(event.SerializeToString())
    w.flush()
