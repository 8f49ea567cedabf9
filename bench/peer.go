package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A peer is one side of a comparison: a process that does things on demand.
type peer struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr *bytes.Buffer
	// torch is the version of libtorch that the process has loaded.
	torch string
}

// A starter is a peer that can be started.
type starter struct {
	name    string
	program string
	args    []string
}

// The names of the sides in tables and reports.
const (
	oursName     = "sslmem"
	cppName      = "C++"
	pythonName   = "PyTorch"
	compiledName = "compiled"
	gotorchName  = "gotorch"
)

// ours is this program as a worker of the given kind.
func ours(threads int, kind string, args ...string) starter {
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	return starter{oursName, exe, append([]string{"worker", strconv.Itoa(threads), kind}, args...)}
}

// python is a script of bench/pytorch.
func python(threads int, script string, args ...string) starter {
	return starter{pythonName, "python3", append([]string{"-B", filepath.Join("bench", "pytorch", script), strconv.Itoa(threads)}, args...)}
}

// opsRivals are those that know the single operations: bare libtorch, PyTorch
// for Python and gotorch. ./build.sh bench builds the first and the last.
func opsRivals(threads int) []starter {
	n := strconv.Itoa(threads)
	return []starter{
		{cppName, filepath.Join("bin", "bench-cpp"), []string{n}},
		python(threads, "ops.py"),
		{gotorchName, filepath.Join("bin", "bench-gotorch"), []string{n}},
	}
}

// start runs the program and waits until it says that it is ready.
func (s starter) start() (*peer, error) {
	p := &peer{name: s.name, cmd: exec.Command(s.program, s.args...), stderr: &bytes.Buffer{}}
	p.cmd.Stderr = p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s does not start: %w", s.name, err)
	}
	p.in, p.out = in, bufio.NewScanner(out)
	version, ready := "", false
	if p.out.Scan() {
		version, ready = strings.CutPrefix(p.out.Text(), "ready ")
	}
	if !ready {
		return nil, p.ended()
	}
	p.torch = version
	return p, nil
}

// ask has the peer do something n times and returns its answer.
func (p *peer) ask(what string, n int) (float64, error) {
	if _, err := fmt.Fprintf(p.in, "%s %d\n", what, n); err != nil {
		return 0, p.ended()
	}
	if !p.out.Scan() {
		return 0, p.ended()
	}
	v, err := strconv.ParseFloat(p.out.Text(), 64)
	if err != nil {
		return 0, fmt.Errorf("%s answers %q", p.name, p.out.Text())
	}
	return v, nil
}

// time returns how long the peer takes to do something n times.
func (p *peer) time(what string, n int) (time.Duration, error) {
	begin := time.Now()
	_, err := p.ask(what, n)
	return time.Since(begin), err
}

// stop ends the process.
func (p *peer) stop() {
	p.in.Close()
	p.cmd.Wait()
}

// ended collects a process that went away and says what it said last.
func (p *peer) ended() error {
	p.in.Close()
	err := p.cmd.Wait()
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return fmt.Errorf("%s ended: %s", p.name, last)
	}
	return fmt.Errorf("%s ended: %v", p.name, err)
}
