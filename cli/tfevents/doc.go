// Package tfevents writes event files, from which TensorBoard draws the curves
// of a run while it trains.
//
//	w, err := tfevents.Create("runs/001-demo/tensorboard/f0")
//	if err != nil {
//		return err
//	}
//	defer w.Close()
//	err = w.Scalars(step, map[string]float64{"loss": loss, "lr": lr})
//
// A folder is one curve of each chart; TensorBoard is pointed at the folder
// above:
//
//	tensorboard --logdir runs
//
// # What is written
//
// [Writer.Scalars] writes numbers, [Writer.Text] Markdown such as the settings,
// and [Writer.Image] pictures such as a batch of views. Each call is one record
// with the time at which it was made. They are the records of
// torch.utils.tensorboard, byte for byte.
//
// # Runs that are stopped and go on
//
// Each [Create] begins a file of its own, whose name sorts behind those that the
// folder has already; TensorBoard reads them one after the other. A record goes
// to the system in one write, so a process that is killed leaves a file of whole
// records, and one cut off by a full disk or a power failure is read up to the
// torn record.
//
// A run that goes on from a checkpoint takes steps again that were written
// before. [Writer.Restart] says so: TensorBoard then forgets what it has read of
// those steps. The old records stay in their files.
//
// # The format
//
// A file is a sequence of records: the length of the data as a little-endian
// uint64, the masked CRC-32C of these 8 bytes, the data, and the masked CRC-32C
// of the data. A masked checksum is the checksum rotated right by 15 bits plus
// 0xa282ead8. The data is a protocol buffer message Event, of which the first
// names the version of the format, "brain.Event:2"; its fields are those of
// tensorflow/core/util/event.proto and framework/summary.proto.
package tfevents
