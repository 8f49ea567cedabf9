package torch

/*
#include "shim/api_gen.h"
*/
import "C"

import (
	"fmt"
	"os"
)

// A Setting is a switch of libtorch for the whole process. Set it before the
// work begins. Those of cuDNN and TF32 make a difference on a GPU only.
type Setting int32

const (
	// CuDNNEnabled lets convolutions and others use cuDNN; on from the start.
	CuDNNEnabled Setting = C.CT_SETTING_CUDNN
	// CuDNNBenchmark tries the algorithms of a convolution when a shape comes
	// for the first time and keeps the fastest: for shapes that stay the same.
	// Which one wins may differ from run to run, and so may rounding.
	CuDNNBenchmark Setting = C.CT_SETTING_CUDNN_BENCHMARK
	// CuDNNDeterministic makes cuDNN take only algorithms that give the same
	// bits each time.
	CuDNNDeterministic Setting = C.CT_SETTING_CUDNN_DETERMINISTIC
	// CuDNNAllowTF32 lets cuDNN round float32 operands of convolutions to TF32,
	// with 10 bits of mantissa; on from the start, as in PyTorch.
	CuDNNAllowTF32 Setting = C.CT_SETTING_CUDNN_TF32
	// MatmulAllowTF32 does that for matrix products; off from the start. It is
	// on exactly if [Float32MatmulPrecision] is not [Highest].
	MatmulAllowTF32 Setting = C.CT_SETTING_MATMUL_TF32
)

var settingNames = map[Setting]string{
	CuDNNEnabled: "cudnn.enabled", CuDNNBenchmark: "cudnn.benchmark", CuDNNDeterministic: "cudnn.deterministic",
	CuDNNAllowTF32: "cudnn.allow_tf32", MatmulAllowTF32: "cuda.matmul.allow_tf32",
}

// String returns PyTorch's name of the setting below torch.backends.
func (s Setting) String() string {
	if name, ok := settingNames[s]; ok {
		return name
	}
	return fmt.Sprintf("setting %d", int32(s))
}

// On reports whether the setting is on.
func (s Setting) On() bool {
	mustInit(s.String())
	return bool(C.ct_get_setting(C.int32_t(s)))
}

// Set switches the setting. It panics if there is no such setting.
func (s Setting) Set(on bool) {
	mustInit(s.String())
	check(s.String(), C.ct_set_setting(C.int32_t(s), C.bool(on)))
}

// UseDeterministicAlgorithms makes all operations give the same bits for the
// same operands on the same machine, on the CPU for the same number of threads.
// An operation that has no such algorithm panics, or with warnOnly writes a
// warning. Memory of Empty is filled with NaN or the largest integer meanwhile.
//
// cuBLAS needs the environment variable CUBLAS_WORKSPACE_CONFIG for it before
// the first matrix product on a GPU; it is set to :4096:8 here unless it is set
// already.
func UseDeterministicAlgorithms(on, warnOnly bool) {
	const op, variable = "use_deterministic_algorithms", "CUBLAS_WORKSPACE_CONFIG"
	mustInit(op)
	if _, set := os.LookupEnv(variable); on && !set {
		if err := os.Setenv(variable, ":4096:8"); err != nil {
			panic(&Error{Op: op, Kind: Runtime, Msg: err.Error(), Err: err})
		}
	}
	check(op, C.ct_set_deterministic(C.bool(on), C.bool(warnOnly)))
}

// AreDeterministicAlgorithmsEnabled reports what [UseDeterministicAlgorithms]
// has set.
func AreDeterministicAlgorithmsEnabled() bool {
	mustInit("are_deterministic_algorithms_enabled")
	return bool(C.ct_get_setting(C.CT_SETTING_DETERMINISTIC))
}

// A MatmulPrecision says how far matrix products of float32 may round inside.
type MatmulPrecision int32

const (
	// Highest keeps all 24 bits of mantissa.
	Highest MatmulPrecision = iota
	// High allows TF32, or sums of two bfloat16, where that is faster.
	High
	// Medium allows bfloat16 where that is faster.
	Medium
)

// String returns PyTorch's name: "highest", "high", "medium".
func (p MatmulPrecision) String() string {
	switch p {
	case Highest:
		return "highest"
	case High:
		return "high"
	case Medium:
		return "medium"
	}
	return fmt.Sprintf("precision %d", int32(p))
}

// SetFloat32MatmulPrecision sets the precision of matrix products of float32
// for the whole process, on CPU and GPU. It panics if there is no such
// precision.
func SetFloat32MatmulPrecision(p MatmulPrecision) {
	mustInit("set_float32_matmul_precision")
	check("set_float32_matmul_precision", C.ct_set_float32_matmul_precision(C.int32_t(p)))
}

// Float32MatmulPrecision returns the precision that is set.
func Float32MatmulPrecision() MatmulPrecision {
	mustInit("get_float32_matmul_precision")
	return MatmulPrecision(C.ct_float32_matmul_precision())
}
