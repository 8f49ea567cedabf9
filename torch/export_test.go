package torch

// Slots returns how long the list of a scope is.
func (s *Scope) Slots() int { return len(s.slots.handles) }

// Callbacks returns how many hooks, functions and panics of them are kept.
func Callbacks() int {
	drain()
	return int(callbacks.count.Load())
}
