// Package report writes report.html, the page on which a run is read.
//
// The page is one file without any reference to the network: style, script,
// figures and pictures are inside, so that it opens from a disk, an e-mail or an
// archive, today and in ten years. It follows the light or dark setting of the
// reader, fits a phone, and is complete without its script, which only sorts
// and filters the table of images.
//
// # Filling a page
//
// A [Data] holds what the page says as plain values, and [Write] makes the
// file. Nothing is computed here. The helpers turn what other packages return
// into such values:
//
//	d := report.Data{
//		Title:       "001-demo",
//		Lead:        "SimCLR on Fashion-MNIST, 4 f/g pairs",
//		Verdict:     summary.Sentences(),
//		Tables:      report.Tables(summary),
//		ImagesNote:  report.ImagesNote(summary),
//		Environment: report.Environment(environment),
//		Reproduce:   []string{"sslmem train --config runs/001-demo/config.toml"},
//	}
//	figure, err := report.NewFigure(histogram, "What the reader should see in it.", "The same in words.")
//	…
//	d.Figures = append(d.Figures, figure)
//	d.Images, err = report.Images(scores, mem.Raw, dataset, 10)
//	…
//	err = report.Write(dir.Join(rundir.ReportFile), d)
//
// # The order of the page
//
// The result in words comes first, then tables, figures, images, settings,
// environment, how to repeat the run, and the files beside the page. A part
// that has nothing to show is left out, heading and all.
//
// # Text
//
// In sentences, tables and captions, the names of variables and sets (m, n, p,
// d, f, g, L_f, S_C) are set as symbols, in italics and with the subscript low,
// as in the figures. Everything that comes from outside, such as names of classes
// and files, is escaped; only [Figure.SVG] is put on the page as it is.
//
// # Safety
//
// A content security policy in the page allows the one script by its hash and
// no connection to anywhere, so that even an SVG that is not what it should be
// can neither run code nor send anything.
//
// The same Data gives the same bytes.
package report
