package encoders

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sslmem/torch/gotorchx/statedict"
)

// A Format is what kind of file an encoder was read from.
type Format string

const (
	OwnFile     Format = "a file of sslmem" // safetensors whose metadata describe the encoder
	Safetensors Format = "safetensors"
	StateDict   Format = "a PyTorch state_dict"
	TorchScript Format = "TorchScript"
)

// recognize tells the format of a file by its content.
func recognize(path string) (Format, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot open the encoder: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("cannot open the encoder: %w", err)
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder; give the file of an encoder, such as encoders/f0.safetensors in the folder of a run", path)
	case strings.HasSuffix(path, ".index.json"):
		return Safetensors, nil // several files; each is checked when it is read
	}
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("cannot read the encoder %s: %w", path, err)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return kindOfZip(path, f, info.Size())
	case len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= uint64(info.Size()):
		return Safetensors, nil
	case len(head) > 0 && head[0] == 0x80: // a pickle's first opcode
		return StateDict, nil // reading it says what to do about a file before PyTorch 1.6
	}
	if _, err := statedict.Open(path); err == nil {
		return "", fmt.Errorf("%s is a checkpoint of gotorch; convert it first: sslmem-gotorch convert %[1]s ENCODER.safetensors (with --resnet in front of the files for its ResNets)", path)
	}
	return "", fmt.Errorf("%s holds no encoder that is known; give safetensors, a state_dict of PyTorch (.pt, .pth) or TorchScript", path)
}

// kindOfZip tells the two kinds of zip archives of PyTorch by the records that only
// one of them has.
func kindOfZip(path string, r io.ReaderAt, size int64) (Format, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return "", fmt.Errorf("%s is a damaged zip archive, or only a part of one: %w", path, err)
	}
	have := map[string]bool{}
	for _, f := range z.File {
		if _, record, ok := strings.Cut(f.Name, "/"); ok {
			have[record] = true
		}
	}
	switch {
	case have["data.pkl"] && have["constants.pkl"]:
		return TorchScript, nil
	case have["data.pkl"]:
		return StateDict, nil
	}
	return "", fmt.Errorf("%s is a zip archive, but neither a state_dict of PyTorch nor TorchScript; save model.state_dict() with torch.save, or export the model with torch.jit.trace", path)
}
