// Package recipes holds the settings of trainings that have a name: for each method
// one of the size of the demo, one for CIFAR, one for ImageNet and, where there is
// one, that of the papers on memorization.
//
//	e, err := recipes.Lookup("byol-cifar")
//	loop := ssl.Loop{Recipe: e.Recipe, …}
//
// A recipe is a TOML file of this folder, the only place that says what it is: the
// command line, the tables of the documentation, the benchmarks and the tests read
// it from here. Its keys are those of the config.toml of a run, so that a copy
// with changes can be trained.
//
//go:generate go test -run=^TestTable$ . -update
package recipes
