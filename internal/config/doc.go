// Package config reads and writes settings as TOML, strictly.
//
// Settings are a Go struct; its toml tags are the keys. [Load] reads a file
// over the defaults that the struct holds already, so a file says only what
// differs, and refuses every key that the struct does not have: a misspelt key
// that is silently ignored is a run with the wrong settings. The error names
// the nearest key that there is.
//
//	settings := Settings{Epochs: 100} // the defaults
//	if err := config.Load("simclr.toml", &settings); err != nil {
//		return err // simclr.toml: there is no key "epoch", did you mean "epochs"?
//	}
//
// [Save] writes all settings, so that a run can be repeated from the file in
// its folder alone.
package config
