package step

// ServiceKind is a kind of service as the family of steps that reaches it declares
// it: what skillrun.yaml may say about such a service. The keys are those of
// [engine/config]; a family picks from them.
type ServiceKind struct {
	Name string
	// Network says that it is reached by a url: it has url, token, credentials, ca
	// and timeout.
	Network bool
	// Keys are the others that it has a use for, each with the words that it takes;
	// nil is any text that the key allows.
	Keys map[string][]string
	// URL is where it is when the file does not say.
	URL string
	// Required is a key that has to be there, "" for none.
	Required string
	// GitHelper says that git's credential helper may have its credential.
	GitHelper bool
	// Example is what such a service may look like, as the members of a mapping; TOKEN
	// stands for the name of a variable. "" is one with a url and a token.
	Example string
}
