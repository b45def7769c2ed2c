package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A plot is lines over a number of processes or connections.
type plot struct {
	name, title, group string
	// only is the one name of series that is shown, all when it is empty.
	only  string
	x, y  string
	lines []line
}

// line is the points of one series of a plot: x, median, and the quartiles.
type line struct {
	label  string
	points [][4]float64
}

// plots are those there are numbers for.
func (r *results) plots() []plot {
	all := []plot{
		{name: "figure", group: figureLoop, title: "Time of processes that fetch 1 MB each, over loopback", x: "processes", y: "ms"},
		{name: "figure-delay", group: figureDelay, title: "The same with 20 ms of round-trip time", x: "processes", y: "ms"},
		{name: "scale-client", group: holdGroup, only: effortName, title: "Processor time of a client's connections", x: "connections", y: "s"},
		{name: "scale-server", group: acceptGroup, only: effortName, title: "Processor time of a server's connections", x: "connections", y: "s"},
		{name: "memory-server", group: acceptGroup, only: memoryName, title: "Resident memory of a server for each connection", x: "connections", y: "KB"},
		{name: "bytes", group: bytesGroup, only: usedName, title: "Processor time of a download", x: "MB", y: "s"},
		{name: "rates", group: ratesGroup, only: usedPerTime, title: "Processor time of a second of requests", x: "requests a second, asked for", y: "ms"},
	}
	for i := range all {
		all[i].lines = r.lines(all[i].group, all[i].only)
	}
	return slices.DeleteFunc(all, func(p plot) bool { return len(p.lines) == 0 })
}

// lines are the series of a group with something on the horizontal axis, of one name or of all.
func (r *results) lines(group, name string) []line {
	var all []line
	for _, s := range r.Series {
		if s.Group != group || s.X == 0 || name != "" && s.Name != name {
			continue
		}
		label := s.Side
		if s.Name != coldName && name == "" {
			label += ", " + s.Name
		}
		at := slices.IndexFunc(all, func(l line) bool { return l.label == label })
		if at < 0 {
			all = append(all, line{label: label})
			at = len(all) - 1
		}
		all[at].points = append(all[at].points, [4]float64{s.X, s.median(), s.quantile(0.25), s.quantile(0.75)})
	}
	return all
}

const (
	plotWidth, plotHeight  = 760, 460
	plotLeft, plotRight    = 70, 250
	plotTop, plotBottom    = 40, 50
	plotInnerX, plotInnerY = plotWidth - plotLeft - plotRight, plotHeight - plotTop - plotBottom
	plotTicks              = 5
	plotColours            = "#c0392b #2c3e50 #2980b9 #27ae60 #8e44ad #d35400 #16a085 #7f8c8d #f39c12 #000000"
	plotFont               = `font-family="sans-serif" font-size="12"`
)

// svg draws the plot, with axes from 0.
func (p plot) svg() string {
	var b strings.Builder
	maxX, maxY := p.extent()
	at := func(x, y float64) (float64, float64) {
		return plotLeft + x/maxX*plotInnerX, plotTop + plotInnerY - y/maxY*plotInnerY
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`+"\n", plotWidth, plotHeight, plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%d" y="22" %s font-weight="bold">%s</text>`+"\n", plotLeft, plotFont, p.title)
	p.axes(&b, maxX, maxY)
	colours := strings.Fields(plotColours)
	for i, l := range p.lines {
		colour := colours[i%len(colours)]
		var path []string
		for _, q := range l.points {
			x, y := at(q[0], q[1])
			_, low := at(q[0], q[2])
			_, high := at(q[0], q[3])
			path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
			fmt.Fprintf(&b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/><circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, low, x, high, colour, x, y, colour)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", strings.Join(path, " "), colour)
		fmt.Fprintf(&b, `<text x="%d" y="%d" %s fill="%s">%s</text>`+"\n", plotWidth-plotRight+12, plotTop+12+18*i, plotFont, colour, l.label)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p plot) extent() (x, y float64) {
	for _, l := range p.lines {
		for _, q := range l.points {
			x, y = math.Max(x, q[0]), math.Max(y, q[3])
		}
	}
	return math.Max(x, 1), math.Max(y*1.05, 1e-9)
}

func (p plot) axes(b *strings.Builder, maxX, maxY float64) {
	bottom := plotTop + plotInnerY
	for i := range plotTicks + 1 {
		part := float64(i) / plotTicks
		x, y := plotLeft+part*plotInnerX, float64(bottom)-part*plotInnerY
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>`+"\n", plotLeft, y, plotLeft+plotInnerX, y)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" %s text-anchor="end">%s</text>`+"\n", plotLeft-6, y+4, plotFont, number(part*maxY))
		fmt.Fprintf(b, `<text x="%.1f" y="%d" %s text-anchor="middle">%.0f</text>`+"\n", x, bottom+18, plotFont, part*maxX)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" %s text-anchor="middle">%s</text>`+"\n", plotLeft+plotInnerX/2, plotHeight-12, plotFont, p.x)
	fmt.Fprintf(b, `<text x="%d" y="%d" %s text-anchor="end">%s</text>`+"\n", plotLeft-6, plotTop-8, plotFont, p.y)
}
