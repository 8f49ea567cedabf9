package cli

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"

	"sslmem/ssl"
)

// explanations say what the settings are, by their keys; an empty one is that
// of a key that says it itself. Those of the second and
// the local views are those of recipe.augment.
var explanations = map[string]string{
	"data":             "fashion-mnist (carried), a name of sslmem data list, or a path",
	"seed":             "of the splits and of everything random",
	"pair":             "train f/g pairs on the splits below, and not encoders of all images",
	"seeds":            "how often, each time with another seed",
	"pairs":            "stands for pair = true and seeds of this number",
	"device":           "auto, cpu, cuda or cuda:N",
	"threads":          "of one encoder on the CPU; several are trained at once as the cores allow; 0: all for one, better for large encoders",
	"deterministic":    "the same bits each time on a GPU too, slower",
	"keep_heads":       "keep the projector or classifier of each encoder in heads/, for sslmem dejavu and sslmem labels",
	"stop_on_collapse": "end a run whose encoder has collapsed, in the place of a warning",
	"image_size":       "side to which images are resized; 0 leaves them as they are",
	"memory_mb":        "up to how many MB of pixels are kept in memory; more are decoded as they are needed",

	"share":       "what f and g of a pair have in common",
	"share.init":  "weights at the start",
	"share.order": "order of the images, with S_I in the places of S_C",
	"share.views": "augmentations of the images that both see",

	"splits":             "the four sets of images for f/g pairs",
	"splits.shared":      "S_S, seen by f and g",
	"splits.candidate":   "S_C, seen by f only",
	"splits.independent": "S_I, seen by g only",
	"splits.external":    "S_E, seen by neither",

	"recipe":             "the training",
	"recipe.method":      strings.Join(ssl.MethodNames(), ", ") + "; another one brings the recipe of its demo",
	"recipe.model":       "the encoder",
	"recipe.width":       "channels of its first stage; 0: as published",
	"recipe.stem":        "of a ResNet-18 to 101: cifar for small images, or imagenet",
	"recipe.patch_size":  "of a ViT; 0: as its name says",
	"recipe.pool":        "features of a ViT: token or avg",
	"recipe.pos_embed":   "positions of a ViT: learned or sincos",
	"recipe.drop_path":   "probability to drop a branch of a ViT's last block, falling to 0 at the first",
	"recipe.epochs":      "passes over the images",
	"recipe.batch_size":  "images of a step, each in all its views",
	"recipe.accumulate":  "parts in which a batch is computed, to fit into memory",
	"recipe.forward":     "joint: batch norm sees all views of a batch as one; split: each by itself",
	"recipe.precision":   "fp32, bf16 or fp16",
	"recipe.augment_set": "where the augmentations below are from; another name brings its own",
	"recipe.local_views": "number of small views, for methods that take them",

	"recipe.optimizer":                       "how weights follow from gradients",
	"recipe.optimizer.name":                  strings.Join(ssl.OptimizerNames(), ", "),
	"recipe.optimizer.lr":                    "learning rate after the warm-up",
	"recipe.optimizer.lr_batch":              "batch that lr is for; it grows in proportion to batch_size; 0: it is as it is",
	"recipe.optimizer.warmup_epochs":         "epochs of linear rise",
	"recipe.optimizer.warmup_lr":             "from which it rises",
	"recipe.optimizer.final_lr":              "to which it falls, along a cosine",
	"recipe.optimizer.schedule":              "cosine, or one-cycle, which rises along one too; where the three are 0: 30 % of the steps, from lr/25 to lr/250000",
	"recipe.optimizer.momentum":              "of sgd and lars",
	"recipe.optimizer.betas":                 "of adam, adamw and lamb; empty: 0.9 and 0.999",
	"recipe.optimizer.weight_decay":          "",
	"recipe.optimizer.weight_decay_end":      "to which it moves along a cosine; 0: it stays",
	"recipe.optimizer.exclude_bias_and_norm": "no weight decay for biases and norms, and lars does not adapt them",
	"recipe.optimizer.bias_lr_scale":         "factor of their learning rate; 0: 1",
	"recipe.optimizer.trust_coefficient":     "of lars; 0: 0.001",
	"recipe.optimizer.clip_grad":             "bound of the norm of the gradients; 0: none",
	"recipe.optimizer.clip_each":             "the bound is for each parameter by itself",

	"recipe.augment":               "the views; probabilities and strengths of 0 switch a step off",
	"recipe.augment.name":          "",
	"recipe.augment.size":          "side of a view in pixels; 0: that of the images",
	"recipe.augment.scale_min":     "least area of the crop, as a share of the image",
	"recipe.augment.scale_max":     "largest",
	"recipe.augment.ratio_min":     "least width of the crop divided by its height",
	"recipe.augment.ratio_max":     "largest",
	"recipe.augment.interpolation": "bilinear or bicubic",
	"recipe.augment.aliased":       "no filter where the crop shrinks, as older libraries did",
	"recipe.augment.flip":          "probability that left and right are exchanged",
	"recipe.augment.vflip":         "probability that top and bottom are",
	"recipe.augment.brightness":    "factor within 1 ± this",
	"recipe.augment.contrast":      "factor within 1 ± this",
	"recipe.augment.saturation":    "factor within 1 ± this",
	"recipe.augment.hue":           "turn within ± this, at most 0.5",
	"recipe.augment.jitter_p":      "probability of the four above",
	"recipe.augment.gray":          "probability that the colors go",
	"recipe.augment.blur":          "probability of a Gaussian blur",
	"recipe.augment.blur_min":      "least standard deviation in pixels",
	"recipe.augment.blur_max":      "largest",
	"recipe.augment.blur_kernel":   "side of its kernel in pixels; 0: a tenth of size, made odd",
	"recipe.augment.solarize":      "probability that bright pixels are inverted",
	"recipe.augment.invert":        "probability that all pixels are",
	"recipe.augment.mean":          "of each channel, which is taken away; empty: from the images",
	"recipe.augment.std":           "of each channel, by which is divided; empty: from the images",

	"recipe.privacy":                  "differentially private training, see docs/privacy.md",
	"recipe.privacy.max_grad_norm":    "length to which the gradient of an image is shortened",
	"recipe.privacy.noise_multiplier": "standard deviation of the noise, as a multiple of max_grad_norm",
	"recipe.privacy.target_epsilon":   "the ε of the whole training, which chooses the noise in the place of noise_multiplier",
	"recipe.privacy.delta":            "the δ that ε is for, well below one in the number of images",
	"recipe.augment_second":           "the second view, where it is drawn otherwise",
	"recipe.augment_local":            "the local views",

	"live":             "how encoders are evaluated while they are trained, on images that are held out",
	"live.every":       "epochs from one evaluation to the next; 0 for none",
	"live.images":      "held-out images that are classified, at most",
	"live.bank":        "training images that they are classified by, at most",
	"live.k":           "nearest neighbors, by the cosine",
	"live.temperature": "of their votes",
	"live.probe":       "train a linear classifier too",

	"score":               "how memorization is measured on f/g pairs",
	"score.views":         "views of each image",
	"score.distance":      "of two views: l2, l2raw, cosine, angular or l1",
	"score.augment":       "views: training (with its mask, for MAE), by which memorization is defined, or a name as independent or masking",
	"score.rule":          "pairs of views: all, disjoint, or anchor: of the image itself and each view",
	"score.offset":        "taken from the scores of the summary: none, or external, their mean on S_E",
	"score.normalisation": "of the scores: raw, range or ratio",
	"score.batch_size":    "views in a forward pass",
	"score.curve_points":  "epochs at which the score is measured in training too; 0 for none",
	"score.curve_views":   "views of each image at these",
}

// explain returns settings as TOML, with what each is beside it.
func explain(s Settings) (string, error) {
	method, err := ssl.LookupMethod(s.Recipe.Method)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	enc := toml.NewEncoder(&text)
	enc.Indent = ""
	if err := enc.Encode(s); err != nil {
		return "", fmt.Errorf("cannot write the settings: %w", err)
	}
	var out strings.Builder
	table := ""
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		key, _, isValue := strings.Cut(line, " = ")
		switch {
		case strings.HasPrefix(line, "["):
			table = strings.Trim(line, "[]")
			line = comment(line, explanation(table))
			if table == "recipe.options" {
				line = comment("[recipe.options]", fmt.Sprintf("of %s, %s", method.Title, method.Paper))
			}
			table += "."
		case isValue:
			line = comment(line, explanation(table+key))
		}
		fmt.Fprintln(&out, line)
	}
	return out.String(), nil
}

// comment puts a text beside a line.
func comment(line, text string) string {
	if text == "" {
		return line
	}
	return fmt.Sprintf("%-36s # %s", line, text)
}

// explanation returns what a key means, "" if there is nothing to say.
func explanation(key string) string {
	if text, ok := explanations[key]; ok {
		return text
	}
	for _, other := range []string{"recipe.augment_second.", "recipe.augment_local."} {
		if rest, ok := strings.CutPrefix(key, other); ok {
			return explanations["recipe.augment."+rest]
		}
	}
	return ""
}
