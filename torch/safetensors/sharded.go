package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sharded is a model in several files with an index beside them, as Hugging
// Face's libraries write large ones: model-00001-of-00002.safetensors and so on
// with model.safetensors.index.json.
//
// Its methods may be called by several goroutines at once, except that nothing
// may be going on while it is closed.
type Sharded struct {
	path  string
	names []string         // sorted
	shard map[string]*File // by name of the tensor
	files []*File          // by rising name
}

// OpenSharded reads the index at path and opens every file that it names, as
// [Open] does, with the same demands on the caller. The files must lie in the
// folder of the index.
//
// The index decides: a tensor that it does not name is not there, whatever the
// files have besides. It is an error if the index is none, names a file outside
// its folder, or says that a file has a tensor which it does not have.
func OpenSharded(path string) (*Sharded, error) {
	weights, err := readIndex(path)
	if err != nil {
		return nil, withPath(err, path)
	}
	s := &Sharded{path: path, names: slices.Sorted(maps.Keys(weights)), shard: make(map[string]*File, len(weights))}
	open := map[string]*File{}
	for _, file := range slices.Sorted(maps.Values(weights)) {
		if open[file] != nil {
			continue
		}
		f, err := Open(filepath.Join(filepath.Dir(path), file))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("safetensors: %s names a file that cannot be opened: %w", path, err), s.Close())
		}
		open[file] = f
		s.files = append(s.files, f)
	}
	for _, name := range s.names {
		f := open[weights[name]]
		if _, ok := f.Info(name); !ok {
			err := &FormatError{Path: path, Tensor: name, Problem: fmt.Sprintf("the index says that it is in %s, which does not have it", weights[name])}
			return nil, errors.Join(err, s.Close())
		}
		s.shard[name] = f
	}
	return s, nil
}

// readIndex returns the file of each tensor.
func readIndex(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxHeader+1))
	if err != nil {
		return nil, fmt.Errorf("safetensors: reading %s: %w", path, err)
	}
	if len(text) > maxHeader {
		return nil, problemf("", "the index is longer than the %d bytes allowed", maxHeader)
	}
	return parseIndex(text)
}

// parseIndex reads the JSON of an index: an object whose weight_map maps names
// of tensors to names of files. Other entries, such as metadata, are skipped.
func parseIndex(text []byte) (map[string]string, error) {
	p := headerParser{dec: json.NewDecoder(bytes.NewReader(text))}
	var weights map[string]string
	err := p.object("", "the index", func(key string) error {
		if key != "weight_map" {
			var skipped json.RawMessage
			return p.dec.Decode(&skipped)
		}
		if weights != nil {
			return problemf("", "weight_map is given twice")
		}
		weights = map[string]string{}
		return p.object("", "weight_map", func(name string) error {
			if _, ok := weights[name]; ok {
				return problemf(name, "the index has the name twice")
			}
			file, err := p.text(name, "its file")
			if err != nil {
				return err
			}
			if !isPlain(file) {
				return problemf(name, "the index puts it into %q, which is not the name of a file in its own folder", file)
			}
			weights[name] = file
			return nil
		})
	})
	var format *FormatError
	switch {
	case errors.As(err, &format):
		return nil, err
	case err != nil:
		return nil, problemf("", "the index is not JSON near byte %d: %v", p.dec.InputOffset(), err)
	case weights == nil:
		return nil, problemf("", "the index has no weight_map")
	}
	return weights, nil
}

// isPlain reports whether a name stays in its folder on every system.
func isPlain(file string) bool {
	return file != "" && file != "." && file != ".." && !strings.ContainsAny(file, "/\\:\x00")
}

// Names returns the names of all tensors, sorted. The slice is the caller's.
func (s *Sharded) Names() []string { return slices.Clone(s.names) }

// Metadata returns what the __metadata__ of the first file says, nil where
// there is none. The map is the caller's.
func (s *Sharded) Metadata() map[string]string {
	if len(s.files) == 0 {
		return nil
	}
	return s.files[0].Metadata()
}

// Info is [File.Info] for the tensors of all files.
func (s *Sharded) Info(name string) (Info, bool) {
	f, ok := s.shard[name]
	if !ok {
		return Info{}, false
	}
	return f.Info(name)
}

// Tensor is [File.Tensor] for the tensors of all files.
func (s *Sharded) Tensor(name string) (Info, []byte, error) {
	f, ok := s.shard[name]
	if !ok {
		return Info{}, nil, &FormatError{Path: s.path, Tensor: name, Problem: fmt.Sprintf("the index has no tensor of this name among its %d", len(s.names))}
	}
	return f.Tensor(name)
}

// All ranges over the tensors in the order of Names, with the rules of
// [File.Tensor]. It yields nothing after Close.
func (s *Sharded) All() iter.Seq2[Info, []byte] {
	return func(yield func(Info, []byte) bool) {
		for _, name := range s.names {
			info, data, err := s.Tensor(name)
			if err != nil || !yield(info, data) {
				return
			}
		}
	}
}

// Close closes all files. Closing twice is no error.
func (s *Sharded) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
