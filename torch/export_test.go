package torch

// Slots returns how long the list of a scope is.
func (s *Scope) Slots() int { return len(s.slots.handles) }
