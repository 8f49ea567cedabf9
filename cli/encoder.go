package cli

import (
	"github.com/urfave/cli/v2"

	"sslmem/encoders"
	"sslmem/models"
	"sslmem/torch"
)

// describeEncoder returns the metadata of an encoder of the run.
func (r *run) describeEncoder() (map[string]string, error) {
	fitted, err := r.fitted()
	if err != nil {
		return nil, err
	}
	mask := ScoreSettings{Augment: trainingViews}.mask(fitted)
	return encoders.Metadata(fitted.ModelConfig(r.channels), fitted.Augment, mask)
}

// EncoderSettings say of the file of an encoder what it does not say itself. All may be
// left out for most files.
type EncoderSettings struct {
	Arch   string      `toml:"arch" json:"arch"`
	Width  int         `toml:"width" json:"width"`
	Stem   models.Stem `toml:"stem" json:"stem"`
	Patch  int         `toml:"patch" json:"patch"`
	Pool   models.Pool `toml:"pool" json:"pool"`
	Key    string      `toml:"key" json:"key"`
	Prefix string      `toml:"prefix" json:"prefix"`
}

// encoderFlags are those of the commands that read the file of any encoder.
func encoderFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "arch", Usage: "`NAME` of the architecture, such as resnet18 or vit_tiny_patch16_224, where weights do not show it"},
		&cli.IntFlag{Name: "width", Usage: "channels `N` of a ResNet's first stage, or of a ViT's tokens"},
		&cli.StringFlag{Name: "stem", Usage: "`STEM` of a ResNet: cifar or imagenet"},
		&cli.IntFlag{Name: "patch", Usage: "patch size `N` of a ViT"},
		&cli.StringFlag{Name: "pool", Usage: "`HOW` a ViT makes features of its tokens: token or avg"},
		&cli.StringFlag{Name: "key", Usage: "`ENTRY` of a PyTorch checkpoint that holds the weights, such as teacher"},
		&cli.StringFlag{Name: "prefix", Usage: "`PREFIX` of the weights of the network in a file that holds several, such as encoder_q."},
	}
}

// put takes what the flags say.
func (s *EncoderSettings) put(c *cli.Context) {
	for name, to := range map[string]*string{"arch": &s.Arch, "stem": (*string)(&s.Stem), "pool": (*string)(&s.Pool), "key": &s.Key, "prefix": &s.Prefix} {
		if c.IsSet(name) {
			*to = c.String(name)
		}
	}
	for name, to := range map[string]*int{"width": &s.Width, "patch": &s.Patch} {
		if c.IsSet(name) {
			*to = c.Int(name)
		}
	}
}

// options are those of opening a file onto a device.
func (s EncoderSettings) options(device torch.Device) encoders.Options {
	return encoders.Options{
		Device: device, Key: s.Key, Prefix: s.Prefix,
		Config: models.Config{Model: s.Arch, Width: s.Width, Stem: s.Stem, PatchSize: s.Patch, Pool: s.Pool},
	}
}
