// Package rundir lays out the folder of a run.
//
// A run is one call of a command that trains or scores. All it leaves behind
// stands in one folder, runs/NAME, under names that are the same for every
// command, so that people, plots and later commands find it:
//
//	config.toml        all settings, defaults included; enough to repeat the run
//	environment.json   machine, versions, command line
//	splits.json        which images belong to S_S, S_C, S_I and S_E
//	metrics.csv        what was measured during training
//	metrics.jsonl      the same, a JSON object a row
//	tensorboard/       the same for TensorBoard, a folder a model
//	scores.csv         one row an image
//	summary.json       the result
//	figures/           PNG and SVG
//	checkpoints/       what a resumed run starts from
//	report.html        all of it on one page
//	encoders/          one file an encoder; heads/ what was on top of it
//	encoders.json      what two encoders are that were trained elsewhere and scored here,
//	views.toml         and the views that they were scored with
//	dejavu.csv/.json   what encoders remember of images, from a corner of them
//	membership.csv/.json  which images encoders are found to have seen
//	labels.csv/.json   which labels a supervised run has memorized
//
// # Making one
//
// [Create] makes the folder of a given name and [CreateNumbered] one with the
// next free number, as runs/001-demo. An existing run is never touched unless
// that was asked for, and then only the files above are removed. [Open] finds
// a run again.
//
//	dir, err := rundir.CreateNumbered("runs", "demo")
//	if err != nil {
//		return err
//	}
//	err = config.Save(dir.Join(rundir.ConfigFile), settings)
//
// # Writing into it
//
// Whatever is written as a whole appears complete or not at all: [WriteJSON]
// here, config.Save for the settings, atomicfile.Write for the rest.
// metrics.csv grows a row at a time instead; [Metrics] sees to it that a crash
// or a full disk leaves whole rows only, and that a resumed run goes on behind
// the step that it starts from. [Log] does the same for all three forms of the
// metrics at once:
//
//	m, err := rundir.OpenLog(dir, "loss", "lr")
//	if err != nil {
//		return err
//	}
//	err = m.Append(rundir.Row{Model: "f0", Step: 100, Values: map[string]float64{"loss": 1.5, "lr": .1}})
//
// metrics.csv is the one that this package reads back; metrics.jsonl is made to
// agree with it whenever a log is opened.
package rundir
