package filter

// maxCached is the longest crop side whose weights are kept; a cache so holds
// at most a few MB of them. Longer sides are computed anew.
const maxCached = 512

// A Cache keeps the weights of resizes to one size. It is for one goroutine;
// the zero value is empty.
type Cache struct {
	out   int // side for which short holds weights
	kind  Kind
	short [maxCached + 1]*Resize // by crop side
	long  [2]Resize              // for sides above maxCached, by axis
}

// Get returns the weights from in to out pixels, from the cache if they are
// short. The result is valid until the next call with a long side on the same
// axis, or with another out or kind.
func (c *Cache) Get(in, out, axis int, kind Kind) *Resize {
	if c.out != out || c.kind != kind {
		clear(c.short[:])
		c.long[0].In, c.long[1].In = 0, 0
		c.out, c.kind = out, kind
	}
	if in > maxCached || out > maxCached {
		k := &c.long[axis]
		if k.In != in {
			k.Set(in, out, kind)
		}
		return k
	}
	if c.short[in] == nil {
		c.short[in] = new(Resize)
		c.short[in].Set(in, out, kind)
	}
	return c.short[in]
}
