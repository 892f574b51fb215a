package book

// navigation is what a page of the site has around it.
type navigation struct {
	Groups        []group
	Before, After *entry
}

// group is a part of the navigation.
type group struct {
	Title string
	Open  bool
	Pages []entry
}

// entry is a page in the navigation.
type entry struct {
	File, Title string
	Current     bool
}
