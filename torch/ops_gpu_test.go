//go:build gpu

package torch_test

import (
	"fmt"
	"testing"

	"sslmem/torch"
	"sslmem/torch/torchtest"
)

// TestOpsOnGPU runs the cases of TestOps on a GPU. Those that draw from a
// generator are left out: a GPU's generator gives other numbers.
func TestOpsOnGPU(t *testing.T) {
	before := opsOn
	defer func() { opsOn = before }()
	opsOn.device, opsOn.rtol, opsOn.atol = torch.CUDA(0), 1e-5, 1e-7
	for i, c := range opCases(t, "testdata/ops.json") {
		t.Run(fmt.Sprintf("%s/%d", c.Op, i), func(t *testing.T) {
			for _, a := range c.Args {
				if m, ok := a.(map[string]any); ok && m["generator"] != nil {
					t.Skip("it draws random numbers")
				}
			}
			torchtest.NoLeak(t)
			s := torch.NewScope()
			defer s.Close()
			c.check(t, s)
		})
	}
}
