package torch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const howToScript = "in PyTorch, torch.jit.script(model).save(path) or torch.jit.trace(model, input).save(path) writes one"

// checkArchive returns an error unless data is a TorchScript archive without
// damage. libtorch does not verify checksums, and its interpreter trusts what it
// reads.
func checkArchive(data []byte) error {
	if bytes.HasPrefix(data, []byte{0x80}) { // a pickle's first opcode
		return errors.New("it is a file of PyTorch before 1.6, not a TorchScript archive; " + howToScript)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("it is not a TorchScript archive, or only a part of one (%w); %s", err, howToScript)
	}
	if err := kindOfArchive(r); err != nil {
		return err
	}
	for _, f := range r.File {
		if err := verify(f); err != nil {
			return fmt.Errorf("the archive is damaged: %s: %w", f.Name, err)
		}
	}
	return nil
}

// kindOfArchive tells TorchScript from the other zip files of PyTorch by the
// records that only one of them has.
func kindOfArchive(r *zip.Reader) error {
	have := map[string]bool{}
	for _, f := range r.File {
		if _, record, ok := strings.Cut(f.Name, "/"); ok {
			record, _, _ = strings.Cut(record, "/") // the folder code, of which there may be no file
			have[record] = true
		}
	}
	switch {
	case have["constants.pkl"] && have["data.pkl"]:
		return nil
	case have["data.pkl"]:
		return errors.New("it is a PyTorch state_dict (torch.save), which has weights but no code; read it with LoadPT, or export the model: " + howToScript)
	case have["archive_format"] || have["models"]:
		return errors.New("it is a program of torch.export (.pt2), not a TorchScript archive; " + howToScript)
	}
	return errors.New("it is a zip file but not a TorchScript archive; " + howToScript)
}

// verify reads the record and compares its checksum.
func verify(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

const interpreterFailed = "The following operation failed in the TorchScript interpreter."

var raised = regexp.MustCompile(`(?m)^(?:builtins\.)?(\w[\w.]*: [\s\S]*)`)

// raisedBy returns what a script has raised, such as "ValueError: …", from the
// interpreter's message, which shows the code first.
func raisedBy(msg string) string {
	if i := strings.LastIndex(msg, "<--- HERE"); i >= 0 {
		if m := raised.FindStringSubmatch(msg[i:]); m != nil {
			return strings.TrimSpace(m[1])
		}
	}
	return msg
}
