package rundir

import (
	"bufio"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Environment is what a run ran on and with: the content of environment.json.
// What the system does not tell is "" or 0.
type Environment struct {
	Time     time.Time `json:"time"`     // when it was asked for, in UTC, whole seconds
	Args     []string  `json:"args"`     // the command line, program first
	Version  string    `json:"version"`  // of sslmem's module, "(devel)" when built in its own folder
	Revision string    `json:"revision"` // of sslmem's sources, as git names it
	Modified bool      `json:"modified"` // whether the sources differed from the revision
	LibTorch string    `json:"libtorch"` // version
	Device   string    `json:"device"`   // what was computed on, as "cpu" or "cuda:0 NVIDIA H100"
	Go       string    `json:"go"`       // version of the compiler
	OS       string    `json:"os"`       // distribution or system
	Kernel   string    `json:"kernel"`   // release
	Arch     string    `json:"arch"`     // as Go calls it: amd64, arm64
	CPU      string    `json:"cpu"`      // model
	Cores    int       `json:"cores"`    // logical ones this process may use
	Memory   int64     `json:"memory"`   // of the machine, in bytes
}

// Inspect returns the environment of this process. The version of libtorch and
// the device come from the caller, since this package does not load libtorch.
func Inspect(libtorch, device string) Environment {
	e := Environment{
		Time:     time.Now().UTC().Truncate(time.Second),
		Args:     os.Args,
		LibTorch: libtorch,
		Device:   device,
		Go:       runtime.Version(),
		OS:       runtime.GOOS,
		Arch:     runtime.GOARCH,
		Cores:    runtime.NumCPU(),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.setBuild(info)
	}
	if name := field("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		e.OS = strings.Trim(name, `"'`)
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		e.Kernel = strings.TrimSpace(string(release))
	}
	e.CPU = field("/proc/cpuinfo", "model name", ":")
	e.Memory = kibibytes(field("/proc/meminfo", "MemTotal", ":"))
	return e
}

// Sources says what sslmem was built from, as "1a2b3c with changes": its
// revision, and whether the sources differed from it. It is "" where neither is
// known.
func (e Environment) Sources() string {
	if e.Modified {
		return strings.TrimSpace(e.Revision + " with changes")
	}
	return e.Revision
}

// setBuild takes from info what it says about sslmem. A program of somebody
// else that uses the module has it among its dependencies; the revision that
// is stamped into that program is its own, not sslmem's.
func (e *Environment) setBuild(info *debug.BuildInfo) {
	const module = "sslmem"
	if info.Main.Path != module {
		for _, dep := range info.Deps {
			if dep.Path == module {
				e.Version = dep.Version
			}
		}
		return
	}
	e.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			e.Revision = s.Value
		case "vcs.modified":
			e.Modified = s.Value == "true"
		}
	}
}

// field returns the value behind the first line of the file at path that has
// this key, "" if there is none.
func field(path, key, separator string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	return fieldOf(f, key, separator)
}

func fieldOf(r io.Reader, key, separator string) string {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		k, value, ok := strings.Cut(lines.Text(), separator)
		if ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kibibytes turns "16384 kB", where the kernel means 1024 bytes, into bytes.
func kibibytes(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(s, " kB"), 10, 53)
	if err != nil {
		return 0
	}
	return n << 10
}
