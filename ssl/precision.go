package ssl

import (
	"fmt"

	"golang.org/x/sys/cpu"

	"sslmem/torch"
	"sslmem/torch/cuda"
)

// SlowPrecision says why the device computes more slowly in the precision of a
// recipe than in another; empty if it does not. The result is right all the same.
func SlowPrecision(p Precision, d torch.Device) string {
	if d.Type == torch.CPUType {
		switch {
		case p == FP16:
			return `a CPU computes in float16 more slowly than in float32; set precision to "fp32", or to "bf16" if the CPU has instructions for it`
		case p == BF16 && !(cpu.X86.HasAVX512BF16 || cpu.X86.HasAMXBF16):
			return `this CPU has no instructions for bfloat16 (AVX512-BF16 or AMX) and computes in it more slowly than in float32; set precision to "fp32"`
		}
		return ""
	}
	if major, minor, err := cuda.DeviceCapability(d.Index); p == BF16 && err == nil && major < 8 {
		return fmt.Sprintf(`this GPU, of compute capability %d.%d, has no instructions for bfloat16, which came with 8.0; set precision to "fp16"`, major, minor)
	}
	return ""
}
