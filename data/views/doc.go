// Package views prepares batches of augmented views ahead of their use, of images
// that are in memory or are decoded as they are needed.
//
//	r, err := views.Fit(recipe, images)
//	m := views.Maker{Images: images, Views: views.Repeat(r, 2), Seed: 1, Batch: 256}
//	q := m.Start(steps, choose)
//	defer q.Stop()
//	for range steps {
//		b, err := q.Next()
//		…
//		q.Recycle(b)
//	}
//
// # Results
//
// A view depends on the recipe, the image and (seed, epoch, view, place of the
// image) alone, see package augment. So neither the number of workers nor how
// far they are ahead nor whether images are in memory changes a bit, and a
// sequence can be taken up at any step. A file that cannot be decoded is the error
// of its own batch, after the batches before it, and is named in it.
//
// # Memory and time
//
// Ahead+1 batches are in memory, besides one decoded image for each worker.
// Images in memory are passed over the cores batch by batch. Those to be decoded
// are passed over image by image: one goroutine reads a file, decodes it and makes
// all of its views while the pixels are in its cache, and goes on with the next
// image, of the next batch if need be, so that no core waits for the last image of a
// batch.
package views
