package cli

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"

	"sslmem/cli/report"
	"sslmem/cli/rundir"
)

// imagesPerEnd is how many images of each end of each set the report shows.
const imagesPerEnd = 10

// writeReport writes report.html from the results and the drawn figures.
func (r *run) writeReport(path string, res results, figures []figure) error {
	s := r.settings
	d := report.Data{
		Title: r.dir.Name(),
		Lead: fmt.Sprintf("%s on %s: %d f/g pairs of %s, %d epochs, seed %d",
			methodName(s.Recipe.Method), r.name, s.Seeds, s.Recipe.Model, s.Recipe.Epochs, s.Seed),
		Verdict:    res.summary.Sentences(),
		Tables:     report.Tables(res.summary),
		ImagesNote: report.ImagesNote(res.summary),
		Reproduce: []string{
			fmt.Sprintf("sslmem demo --config %s --out runs/again", r.dir.Join(rundir.ConfigFile)),
			"# the figures and this page alone, from the files of the run",
			fmt.Sprintf("sslmem plot %s", r.dir),
		},
		Files: []report.File{
			{Path: rundir.ConfigFile, About: "all settings"},
			{Path: rundir.SplitsFile, About: "the images of the four sets"},
			{Path: rundir.MetricsFile, About: "loss, learning rate and speed of every epoch; " + rundir.LinesFile + " and " + rundir.TensorBoardDir + " have the same"},
			{Path: rundir.ScoresFile, About: "scores and losses of every image"},
			{Path: rundir.SummaryFile, About: "the statistics of this page"},
			{Path: rundir.EnvironmentFile, About: "machine and versions"},
		},
	}
	for _, w := range res.summary.Warnings {
		d.Verdict = append(d.Verdict, "Warning: "+w.Text)
	}
	var err error
	if d.Settings, err = settingEntries(s); err != nil {
		return err
	}
	var e rundir.Environment
	if err := rundir.ReadJSON(r.dir.Join(rundir.EnvironmentFile), &e); err != nil {
		return err
	}
	d.Environment = report.Environment(e)
	if d.Images, err = report.Images(res.scores, s.Score.Normalisation, r.data, imagesPerEnd); err != nil {
		return err
	}
	for _, f := range figures {
		shown, err := report.NewFigure(f.Figure, f.caption, f.alt)
		if err != nil {
			return err
		}
		d.Figures = append(d.Figures, shown)
		for _, format := range figureFormats {
			d.Files = append(d.Files, report.File{Path: rundir.FiguresDir + "/" + f.name + "." + format, About: f.alt})
		}
	}
	return report.Write(path, d)
}

// settingEntries lists the settings with the keys of config.toml.
func settingEntries(s Settings) ([]report.Entry, error) {
	var text strings.Builder
	enc := toml.NewEncoder(&text)
	enc.Indent = ""
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("cannot list the settings: %w", err)
	}
	var out []report.Entry
	table := ""
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			table = strings.TrimSuffix(name, "]") + "."
		} else if key, value, ok := strings.Cut(line, " = "); ok {
			out = append(out, report.Entry{Name: table + key, Value: strings.Trim(value, `"`)})
		}
	}
	return out, nil
}
