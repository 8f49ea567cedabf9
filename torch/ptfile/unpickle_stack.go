package ptfile

func (u *unpickler) push(v Value) error {
	if len(u.stack) >= maxStack {
		return problemf("the pickle has more than %d values on its stack", maxStack)
	}
	u.stack = append(u.stack, v)
	return u.count(1)
}

// floor is the height below which values belong to an outer mark.
func (u *unpickler) floor() int {
	if n := len(u.marks); n > 0 {
		return u.marks[n-1]
	}
	return 0
}

func (u *unpickler) pop() (Value, error) {
	n := len(u.stack)
	if n <= u.floor() {
		return nil, problemf("the pickle takes a value from an empty stack")
	}
	v := u.stack[n-1]
	u.stack[n-1] = nil
	u.stack = u.stack[:n-1]
	return v, nil
}

// top returns the value that is on top, or nil.
func (u *unpickler) top() Value {
	if n := len(u.stack); n > u.floor() {
		return u.stack[n-1]
	}
	return nil
}

// popMark returns what lies above the last mark. The slice is the caller's.
func (u *unpickler) popMark() ([]Value, error) {
	n := len(u.marks)
	if n == 0 {
		return nil, problemf("the pickle closes a mark that it did not open")
	}
	from := u.marks[n-1]
	items := append([]Value(nil), u.stack[from:]...)
	clear(u.stack[from:])
	u.stack, u.marks = u.stack[:from], u.marks[:n-1]
	return items, nil
}

func (u *unpickler) popTuple() (Tuple, error) {
	v, err := u.pop()
	if err != nil {
		return nil, err
	}
	t, ok := v.(Tuple)
	if !ok {
		return nil, problemf("a call has %s instead of a tuple of arguments", describe(v))
	}
	return t, nil
}

func (u *unpickler) tuple(n int) error {
	t := make(Tuple, n)
	for i := n - 1; i >= 0; i-- {
		v, err := u.pop()
		if err != nil {
			return err
		}
		t[i] = v
	}
	return u.push(t)
}

func (u *unpickler) put(i uint32) error {
	if len(u.stack) <= u.floor() {
		return problemf("the pickle memorizes a value of an empty stack")
	}
	u.memo[i] = u.top()
	return u.count(1)
}

func (u *unpickler) get(i uint32) error {
	v, ok := u.memo[i]
	if !ok {
		return problemf("the pickle remembers value %d, which it did not memorize", i)
	}
	return u.push(v)
}
