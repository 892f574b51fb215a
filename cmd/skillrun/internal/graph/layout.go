package graph

import "slices"

// box is where an item is drawn: its upper left corner and its size.
type box struct{ x, y, w, h int }

func (b box) middle() int { return b.x + b.w/2 }

// What is left free: between layers, between columns, within a cluster, and under
// its title.
const (
	layerGap, columnGap = 34, 46
	inset               = 18
)

// plan is a graph laid out.
type plan struct {
	boxes  map[string]box
	w, h   int
	inside map[string][]Item // by cluster
	to     map[string][]Edge // by where they lead
}

// layout puts each item into a layer below what comes before it, and into a column:
// that of what it follows, or for a side branch the next one. A cluster is laid out by
// itself first, and is then one large item. size is that of an item, or of the title of
// a cluster.
func (g *Graph) layout(size func(Item) (w, h int)) plan {
	p := plan{boxes: map[string]box{}, inside: map[string][]Item{}, to: map[string][]Edge{}}
	for _, x := range g.Items {
		p.inside[x.In] = append(p.inside[x.In], x)
	}
	for _, e := range g.Edges {
		p.to[e.To] = append(p.to[e.To], e)
	}
	p.w, p.h = p.cluster("", size)
	for _, x := range g.Items { // a cluster stands before what is in it
		if around, there := p.boxes[x.In]; there {
			b := p.boxes[x.ID]
			p.boxes[x.ID] = box{b.x + around.x, b.y + around.y, b.w, b.h}
		}
	}
	return p
}

// cluster lays out the items of a cluster, as if it stood at (0, 0), and returns the
// size of all of them.
func (p *plan) cluster(id string, size func(Item) (w, h int)) (w, h int) {
	cells := p.cells(p.inside[id])
	var widths, heights []int
	left, top := 0, 0
	for _, x := range p.inside[id] {
		b := box{}
		b.w, b.h = size(x)
		if x.Cluster {
			title := b.h
			iw, ih := p.cluster(x.ID, size)
			b.w, b.h = max(b.w, iw)+2*inset, ih+title+2*inset
			for _, y := range p.inside[x.ID] {
				i := p.boxes[y.ID]
				p.boxes[y.ID] = box{i.x + inset, i.y + title + inset, i.w, i.h}
			}
		}
		b.w += b.w % 2 // then all middles of a column are one
		p.boxes[x.ID] = b
		widths, heights = atLeast(widths, cells[x.ID].column, b.w), atLeast(heights, cells[x.ID].layer, b.h)
	}
	for _, x := range p.inside[id] {
		b, c := p.boxes[x.ID], cells[x.ID]
		b.x = before(widths, c.column, columnGap) + (widths[c.column]-b.w)/2
		b.y = before(heights, c.layer, layerGap)
		p.boxes[x.ID] = b
		left, top = max(left, b.x+b.w), max(top, b.y+b.h)
	}
	return left, top
}

// cell is the layer and the column of an item.
type cell struct{ layer, column int }

// cells gives each item of a cluster a cell of its own. An edge leads to a later item,
// so one look at each is enough.
func (p *plan) cells(items []Item) map[string]cell {
	out, taken := map[string]cell{}, map[cell]bool{}
	for _, x := range items {
		var c cell
		for i, e := range p.to[x.ID] {
			next := out[e.From]
			switch e.Kind {
			case Then:
				next.layer++
			case Yes:
				next = cell{next.layer + 1, next.column + 1}
			case Fails:
				next.column++
			}
			if i == 0 {
				c = next
				continue
			}
			c = cell{max(c.layer, next.layer), min(c.column, next.column)}
		}
		for taken[c] {
			c.column++
		}
		out[x.ID], taken[c] = c, true
	}
	return out
}

func atLeast(sizes []int, i, size int) []int {
	if more := i + 1 - len(sizes); more > 0 {
		sizes = append(sizes, slices.Repeat([]int{0}, more)...)
	}
	sizes[i] = max(sizes[i], size)
	return sizes
}

// before is the room of the first n sizes, with the gap behind each.
func before(sizes []int, n, gap int) int {
	sum := 0
	for _, s := range sizes[:n] {
		sum += s + gap
	}
	return sum
}
