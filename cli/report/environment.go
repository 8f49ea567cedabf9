package report

import (
	"fmt"
	"strings"
	"time"

	"sslmem/cli/rundir"
)

// Environment lists what a run ran on. Facts that are not known are left out.
func Environment(e rundir.Environment) []Entry {
	var out []Entry
	add := func(name, value string) {
		if value != "" {
			out = append(out, Entry{name, value})
		}
	}
	if !e.Time.IsZero() {
		add("time", e.Time.UTC().Format(time.DateTime)+" UTC")
	}
	add("command", strings.Join(e.Args, " "))
	add("sslmem", e.Version)
	add("revision", e.Sources())
	add("libtorch", e.LibTorch)
	add("device", e.Device)
	add("processor", e.CPU)
	if e.Cores > 0 {
		add("cores", fmt.Sprint(e.Cores))
	}
	if e.Memory > 0 {
		add("memory", fmt.Sprintf("%.1f GiB", float64(e.Memory)/(1<<30)))
	}
	add("system", strings.Join(nonEmpty(e.OS, e.Kernel, e.Arch), ", "))
	add("Go", e.Go)
	return out
}

func nonEmpty(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
