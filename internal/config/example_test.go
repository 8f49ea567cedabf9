package config_test

import (
	"fmt"

	"sslmem/internal/config"
)

func ExampleDecode() {
	settings := struct {
		Epochs      int     `toml:"epochs"`
		Temperature float64 `toml:"temperature"`
	}{Epochs: 100, Temperature: .1}

	fmt.Println(config.Decode("simclr.toml", "epochs = 20", &settings))
	fmt.Println(settings.Epochs, settings.Temperature)
	fmt.Println(config.Decode("simclr.toml", "temprature = 0.5", &settings))
	// Output:
	// <nil>
	// 20 0.1
	// simclr.toml: there is no key "temprature", did you mean "temperature"?
}
