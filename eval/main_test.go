package eval

import (
	"testing"

	"sslmem/torch/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }
