package statedict

import (
	"strings"
	"unicode"
)

// PyTorchName returns PyTorch's spelling of a key of gotorch's StateDict: the
// type of the root is cut off, the list of a Sequential too, and fields are
// written in small letters: Net.FC1.Weight becomes fc1.weight, and
// Net.Body.Modules[0].RunningMean becomes body.0.running_mean.
func PyTorchName(key string) string {
	parts := strings.Split(key, ".")
	var out []string
	for i, part := range parts {
		if i == 0 && len(parts) > 1 {
			continue
		}
		head, index, indexed := strings.Cut(part, "[")
		if !indexed || head != "Modules" {
			out = append(out, snake(head))
		}
		if indexed {
			out = append(out, strings.TrimSuffix(index, "]"))
		}
	}
	return strings.Join(out, ".")
}

// snake turns Go's RunningMean, FC1 and BNLayer into running_mean, fc1 and
// bn_layer.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			before := runes[i-1]
			startsWord := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if before != '_' && (!unicode.IsUpper(before) || startsWord) {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// ResNetName returns torchvision's name for a tensor of gotorch's ResNets, from
// the one that [PyTorchName] gives: conv1, bn1, layer1 for C1, BN1, L1.
func ResNetName(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		if len(part) != 2 || part[1] < '1' || part[1] > '4' {
			continue
		}
		switch part[0] {
		case 'c':
			parts[i] = "conv" + part[1:]
		case 'l':
			parts[i] = "layer" + part[1:]
		}
	}
	return strings.Join(parts, ".")
}
