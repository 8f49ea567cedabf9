package ssl

import (
	"strings"
	"testing"
)

func TestOptimizerRefuses(t *testing.T) {
	for want, o := range map[string]Optimizer{
		`name is "rmsprop"`:            {Name: "rmsprop", LR: 1},
		"lr is 0 but":                  {Name: "sgd"},
		"warmup_epochs is 4 but":       {Name: "sgd", LR: 1, WarmupEpochs: 4},
		"final_lr is 2 but":            {Name: "sgd", LR: 1, FinalLR: 2},
		`schedule is "linear" but`:     {Name: "sgd", LR: 1, Schedule: "linear"},
		"bias_lr_scale is -1 but":      {Name: "lars", LR: 1, ExcludeBiasAndNorm: true, BiasLRScale: -1},
		"set optimizer.exclude_bias_a": {Name: "lars", LR: 1, BiasLRScale: .1},
	} {
		if err := o.check(4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", o, err, want)
		}
	}
}
