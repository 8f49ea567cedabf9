package cli

import "sslmem/data/atomicfile"
import "io"

func (r *run) writeReport(path string, res results, figures []figure) error { return atomicfile.Write(path, func(io.Writer) error { return nil }) }
