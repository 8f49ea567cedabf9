package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A machine says where and when the numbers were measured.
type machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	Threads int    `json:"threads"`
	Torch   string `json:"libtorch"`
	Go      string `json:"go"`
	Load    string `json:"load"` // average of the last minute, when the benchmark began
	Date    string `json:"date"`
}

func thisMachine(threads int, torch string) machine {
	return machine{
		CPU: cpuModel(), Cores: runtime.NumCPU(), Threads: threads, Torch: torch, Go: runtime.Version(),
		Load: firstWord("/proc/loadavg"), Date: time.Now().Format(time.RFC3339),
	}
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %d cores, %d threads, libtorch %s, %s, load %s, %s", m.CPU, m.Cores, m.Threads, m.Torch, m.Go, m.Load, m.Date)
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func firstWord(path string) string {
	text, _ := os.ReadFile(path)
	word, _, _ := strings.Cut(string(text), " ")
	return word
}

const mega = 1 << 20 // bytes

// resident returns the bytes that a process has in memory.
func resident(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("cannot read how much memory is resident: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm has %d fields", pid, len(fields))
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err
}

// peak returns the most bytes that a process has had in memory.
func peak(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("cannot read how much memory was resident: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
}
