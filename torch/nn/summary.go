package nn

import (
	"fmt"
	"reflect"
	"strings"
	"text/tabwriter"

	"sslmem/torch"
)

// Summary returns a table of a module's tensors, one a line: its name, the type
// of the layer that holds it, its shape and its number of elements. Buffers and
// frozen parameters are marked as such. The last line has the sums.
func Summary(m Module) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\tlayer\tshape\telements\t")
	var trained, frozen, buffers int
	counted := map[*torch.Tensor]bool{}
	for _, e := range registry(m).entries {
		t := *e.slot
		n, mark, sum := t.Numel(), "", &trained
		switch {
		case e.buffer:
			mark, sum = "buffer", &buffers
		case !t.RequiresGrad():
			mark, sum = "frozen", &frozen
		}
		if counted[t] {
			n, mark = 0, "tied"
		}
		counted[t] = true
		*sum += n
		fmt.Fprintf(w, "%s\t%s\t%v\t%d\t%s\n", e.name, typeName(e.owner), t.Shape(), n, mark)
	}
	w.Flush()
	fmt.Fprintf(&b, "%d elements are trained, %d frozen, %d in buffers\n", trained, frozen, buffers)
	return trimLines(b.String())
}

// typeName is the name of a module's type, without its package.
func typeName(m Module) string {
	t := reflect.TypeOf(m)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// trimLines cuts the blanks at the ends of lines.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}
