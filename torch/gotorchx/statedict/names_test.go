package statedict_test

import (
	"testing"

	"sslmem/torch/gotorchx/statedict"
)

func TestPyTorchName(t *testing.T) {
	for key, want := range map[string]string{
		"Net.FC1.Weight":                        "fc1.weight",
		"LinearModule.Bias":                     "bias",
		"ResnetModule.L1.Modules[0].BN2.Weight": "l1.0.bn2.weight",
		"Net.Blocks[3].RunningMean":             "blocks.3.running_mean",
		"Net.BNLayer.RunningVar":                "bn_layer.running_var",
		"SequentialModule.Modules[2].Weight":    "2.weight",
		"Net.In_Proj.Weight":                    "in_proj.weight",
		"":                                      "",
	} {
		if got := statedict.PyTorchName(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	for name, want := range map[string]string{
		"c1.weight":              "conv1.weight",
		"l4.1.c2.weight":         "layer4.1.conv2.weight",
		"l2.0.downsample.1.bias": "layer2.0.downsample.1.bias",
		"bn1.running_var":        "bn1.running_var",
		"fc.weight":              "fc.weight",
	} {
		if got := statedict.ResNetName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
