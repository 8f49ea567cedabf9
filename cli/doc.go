// Package cli is the command line of sslmem: one file a command, and the run
// folder that the commands share.
//
// A run is a folder. config.toml holds its settings, environment.json the
// machine, splits.json the four sets; training adds metrics.csv, encoders/ and heads/,
// scoring scores.csv, curve.csv and summary.json, drawing figures/ and
// report.html, and each attack (dejavu, membership, labels) a table and a result.
// Every step reads the files of the one before and skips what is
// there, so a run that was stopped goes on where it was. Files appear whole or
// not at all.
//
// Results go to standard output and everything else to standard error. Exit
// codes: see [ExitOK] and its neighbours.
package cli
