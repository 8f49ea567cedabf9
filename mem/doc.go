// Package mem measures how much each training image is memorized by a
// self-supervised encoder.
//
// The score is SSLMem, defined in W. Wang, M. A. Kaleem, A. Dziedzic,
// M. Backes, N. Papernot and F. Boenisch, "Memorization in Self-Supervised
// Learning Improves Downstream Generalization", ICLR 2024 (arXiv:2401.12233).
//
// # The definition
//
// Self-supervised training pulls together the features of differently
// augmented views of one image. An encoder that was trained on an image x may
// do so better for x than an encoder that was not, and this advantage is what
// the score takes as memorization. With
//
//	L_e(x) = E d(e(x'), e(x''))    x' and x'' drawn from Aug(x)
//
// the alignment loss of an encoder e, for a distance d and the augmentations
// Aug of the training, and with two encoders f and g that differ in whether
// they saw x,
//
//	m(x) = L_g(x) − L_f(x).
//
// A positive m says that f aligns the views of x better than g does; a
// negative one that g does. [AllPairs] is the loss from the features of K
// views, [DisjointPairs] the same from K/2 pairs of views. [ViewRule] names
// these, and a third kind that published code takes: of the image itself with
// each view. A mask hides patches, where that is the augmentation of the training
// ([PatchEncoder]). [Distance] lists the distances; the default is ℓ2 between
// features of length one. Views should be the same for f and g: what the draw of
// a view adds to both losses then cancels in the difference.
//
// # The four sets
//
// Leaving out one image at a time would take an encoder per image. Instead two
// encoders of the same recipe and size of training set are compared on four
// [Set] values:
//
//	S_S  Shared       seen by f and g
//	S_C  Candidate    seen by f only
//	S_I  Independent  seen by g only
//	S_E  External     seen by neither
//
// If f memorizes the images that only it saw, the mean of m is higher on S_C
// than on S_S and S_E, and for the same reason it is lower on S_I. On S_S and
// S_E both encoders are in the same position, so their means are close to zero
// up to an offset that all four sets have in common: one of two trained
// encoders is always a little better aligned on every image. That is why
// contrasts between sets count and the sign of a single mean does not; the
// column "mean − S_E" of the summary takes the offset away.
//
// # Scores
//
// A scorer makes a [Scores] with [NewScores] and adds the losses of one f/g
// pair after the other with [Scores.AddPair]. Several pairs, trained with
// different seeds, are averaged: two encoders differ by chance in how they see
// a point, more than the views do, and averaging over pairs is what reduces it.
// [Scores.WriteCSV] and [ReadCSV] keep everything in a table that other
// programs can read, [Scores.Rank] orders the points of a set, and
// [Scores.Swapped] exchanges f and g.
//
// # Normalisations
//
// [Scores.M] gives m on one of three scales, since the literature uses several:
//
//	raw    mean(L_g − L_f), in units of the distance; the default
//	range  raw / (max raw − min raw) over all points of the four sets; zero stays zero
//	ratio  mean((L_g − L_f)/(L_g + L_f)), in [−1, 1]
//
// Of these, ratio weighs an image that is easy to align as much as one that is
// hard. Tests and effect sizes are the same for raw and range.
//
// # Layers
//
// Where in a network is an image memorized? [Scorer.Layers] measures the losses
// of the same views at the output of any layer of a [LayerEncoder], in one pass
// over the images, and [LayerScores] keeps them, with [Scores] of its own for
// each layer. LayerMem of a layer is the mean of m in the normalisation ratio
// over a set, and what a layer adds to the one before is its Δ:
//
//	l, err := scorer.Layers(ctx, f, g, images, points.Index, mem.LayerOptions{}, seed)
//	err = scores.AddPair(l)
//	table, err := scores.Table(mem.Candidate, mem.Extreme)
//
// A [LayerTable] has both with the means of the most and the least memorized
// points at each layer, and with LayerMem less that of S_E: by how much one of
// two encoders is better aligned on all images differs from layer to layer. In a vision transformer attention and MLP lie beside an
// identity each, so Δ of either is counted from what goes into it; see
// [LayerRow]. Maps and tokens are taken as one long vector, or as their mean
// ([Maps]). (Wang, Dziedzic, Backes and Boenisch, "Localizing Memorization in
// SSL Vision Encoders", NeurIPS 2024, arXiv:2409.19069.)
//
// # Units
//
// UnitMem asks one encoder, not two, what a single unit has memorized: by how
// much its activation for the one point that excites it most stands out of that
// for all others, averaged over views; see [Unit] for the formula. A
// [UnitScorer] measures all units of the layers it is given:
//
//	units, err := mem.UnitScorer{…, Layers: layers}.Points(ctx, e, images, index)
//	units.Layers()     // the distribution in each layer
//	units.Most(10)     // the most memorizing units, each with its point
//	units.Memorized()  // the points that most units have memorized
//
// [UnitScorer.Classes] measures the same ratio over classes: ClassMem on
// training images, ClassSelectivity on others. Units that stand for classes
// have a high ClassMem, units that stand for points a high UnitMem.
//
// The others are taken by their mean, as the text of the publication says, or
// also by their median, as its code does. For the mean a few numbers a unit are
// kept, so that memory grows neither with points nor with maps; the median takes
// 4 bytes for each unit and point, within a bound. Both lie in [0, 1] if no
// activation is negative, so units are taken behind their rectifier, or
// [Negatives] says what else to do.
//
// # Changing an encoder
//
// What a layer or a unit is good for shows when it is taken away. A [Patch]
// names new values for some tensors of an encoder, and [Patched] looks at the
// encoder with them and puts back what was there, bit for bit:
//
//	refs, err := units.Choose(mem.ChooseMost, .1, false, seed)  // or ChooseLeast, ChooseRandom
//	patch, err := mem.PruneUnits(scope, encoder, refs)
//	err = mem.Patched(encoder, patch, func() error { … })       // its accuracy now
//
// [PruneUnits] silences units, [TransplantUnits] and [ReplaceLayers] take units
// and whole layers over from another encoder, [TrainOnly] lets some layers alone
// be trained, and [UnitScorer.Inject] asks whether training on a point raises
// what one unit has memorized.
//
// # What the statistics mean
//
// [Summarize] computes, for each set, n, mean with its 95 % confidence
// interval, standard deviation, median, and the fraction of points with m > τ,
// where τ is the 95th percentile of m on S_E: with no memorization every set
// would have about 5 %. [FractionAbove] is the whole curve.
//
// A [Contrast] is the difference between two sets: Welch's t (the variances
// may differ), one-sided p in the direction that memorization predicts,
// two-sided p, and Cohen's d, which unlike p does not grow with the number of
// points. S_C against S_I is the sharpest contrast, because both sides move;
// S_C against S_S and S_E are the ones that single out f.
//
// Beside these, a summary holds for each contrast Student's t, the effect sizes
// with their intervals ([Effect]), a bootstrap of the difference, a permutation
// test and the test of Kolmogorov and Smirnov ([ContrastDetails]); for each set a
// bootstrap of the mean and the curve above τ; and the sets class by class.
// [Summary.WriteText] shows the short form, [Summary.WriteFull] all, and JSON has
// all. Everything that is drawn at random follows from a seed. Where there are
// SciPy's values, these are equal to 1e-10.
//
// [SummarizeWith] has the options: [ExternalOffset] takes the mean of S_E from all
// scores. Warnings of a summary have names: the same encoder as f and g, indices
// of S_E that are in other sets too, contrasts without a test.
//
// [Reliability] compares the scores from two halves of the views. If it is
// low, single points must not be ranked or shown as "the most memorized",
// though means of sets may still differ clearly: draw more views. Its noise ceiling
// is the highest correlation that anything can be expected to have with the scores.
// [Summary.AcrossPairs] is the same over f/g pairs in the place of views.
//
// # Comparing scores
//
// [Agree] says how alike two scores order the same points, of two seeds, methods or
// layers: rank correlations ([Spearman], [Kendall]) and the [Overlap] of the highest
// k, with what chance would give.
//
// # Leaving out subsets
//
// Many encoders, each trained on a random subset ([DrawSubsets]), leave every
// point out many times: [SubsetMemorization] is the mean loss of a point under the
// encoders that did not see it, less that under those that did, with its standard
// error. All points are scored then, not those of S_C alone.
//
// # Attacks
//
// A score tells how much is memorized, an attack what could be found out by it. Déjà
// Vu shows an encoder a crop of an image and names the image's class by the nearest of
// public images, which are whole: [CropImages], [InferByNeighbors]. Where the encoder
// that saw the image is right and the one that did not is wrong, the class does not
// follow from the crop, but is remembered:
//
//	target, err := mem.InferByNeighbors(ctx, public.X, public.Labels, crops.X, crops.Labels, classes, 100)
//	attack := mem.DejaVuAttack{Set: mem.Candidate, Index: index, Class: crops.Labels, Target: target, Reference: reference}
//	report, err := mem.DejaVu([]mem.DejaVuAttack{attack, …}, mem.DejaVuOptions{})
//
// Both directions belong together, f on S_C and g on S_I, see [DejaVu]. Public images
// must be ones that neither saw. A classifier that was trained on crops can stand for
// the reference where there is one encoder only ([DejaVuAttack.OneModel]); it is
// another kind of model, so that the difference is no longer that of memory alone.
//
// Membership inference asks whether an encoder was trained on an image at all. An
// encoder finds the views of what it saw more alike ([Scorer.Similarities]), and from
// where on they are too much so is learned on a shadow encoder, of which it is known
// what it saw: f and g are the shadows of each other. [InferMembership] keeps apart
// what is learned from and what is judged, and gives accuracy, the area under the
// curve ([AUC]) and the share of members found with few mistakes ([TPR]), also for L
// and, as what two encoders could tell at most, for m.
//
// # Labels
//
// A supervised twin memorizes labels. [LabelMemorization] is how much more often a
// point is classified right by those that were trained on it, from f/g pairs or from
// encoders of random subsets, and [Agree] says whether these are the points that m is
// high for.
//
// # What not to conclude
//
//   - A p-value here takes the points as the sample and the encoders as given.
//     It says that another draw of points would show the difference for these
//     encoders, not that another f and g would. The contrasts of the single
//     pairs, and in how many of them the sign is the same, speak of that.
//   - The four contrasts share their points, and no p-value is corrected for
//     there being several.
//   - Whole sets are left out and not single images: m(x) is the effect of
//     having trained on all of S_C rather than S_I, measured at x. Images of
//     S_C can support each other.
//   - A near-duplicate of x in S_S hides the memorization of x, because g saw
//     it too; near-duplicates inside S_C raise it.
//   - Scores hold for the augmentations they were drawn with. Compare scores
//     of different recipes only if they were scored with the same views.
//   - A difference that is not significant is no proof that nothing is
//     memorized, and a high m alone does not mean that the image can be
//     recovered from the encoder.
package mem
