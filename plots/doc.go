// Package plots draws the figures of a memorization experiment.
//
// A figure is made in three steps: fill a struct with plain values, call its
// Figure method, save what comes back.
//
//	h := plots.Histogram{
//		Frame: plots.Frame{Title: "Memorization scores", Seeds: []uint64{7}, Settings: "SimCLR, 100 epochs"},
//		Sets:  []plots.Sample{{Set: plots.Shared, Values: shared}, {Set: plots.Candidate, Values: candidate}},
//	}
//	figure, err := h.Figure()
//	if err != nil {
//		return err
//	}
//	return figure.Save("histogram.svg")
//
// Nothing here computes a score or a test: numbers come in, a drawing comes out.
// So the package serves any program that has such numbers, wherever they are from.
//
// # The figures
//
//   - [Histogram]: distribution of the score m in each set, with means. The figure
//     to look at first: if f memorizes, S_C lies to the right of S_S and S_E, and
//     S_I, which only g saw, to the left.
//   - [Means]: mean score of each set with its confidence interval.
//   - [Scatter]: alignment loss under g against that under f, image by image, with
//     the line y = x. It shows whether m comes from a few images or from all, and
//     whether hard images, far up the diagonal, are memorized more.
//   - [Losses]: training loss of all encoders f and g against the epoch. The two
//     must agree; if one learned better, m measures that too.
//   - [Curves]: any series with optional bands over a common axis, such as the mean
//     score of each set against the epoch.
//   - [Grid]: the images that were memorized most and least, with class and score.
//
// # What every figure has
//
// A [Frame] gives it a title and, as the last lines of the picture itself, a
// caption of n, the seeds and the settings. Axes are named with their units. A
// figure without title or seed is an error, not a warning.
//
// Its width is that of one or both columns of a journal page, 85 or 175 mm, and
// sizes of text and lines are sizes on paper: nothing is below 6.5 points. Legends
// stand above the data and never on it.
//
// The sets have fixed colours, dashes and glyphs, the same in all figures. Each of
// the three tells the sets apart alone, for readers who print in grey or see other
// colours than most:
//
//	S_S  blue    #0072B2  dashed       circle
//	S_C  red     #D55E00  solid, bold  triangle
//	S_I  green   #009E73  dotted       square
//	S_E  grey    #999999  dash and dot cross
//
// In all text, single letters that stand for variables (m, n, p, f, g, L_f) are
// set as symbols, in italics and with the subscript low; no markup is needed.
//
// # Files
//
// [Figure.Save] writes PNG at 300 dpi or SVG, by the extension, and leaves either
// a complete file or none. [Figure.Bytes] returns the same for a page that carries
// its figures inline. The same values give the same bytes.
//
// # Errors
//
// Input is checked once, by the Figure methods, before anything is drawn. Empty
// lists, lists of unequal length, NaN and infinities give an error that wraps
// [ErrInput] and says which value is wrong. Values are only read, and a [Figure]
// keeps none of the slices it was made from.
package plots
