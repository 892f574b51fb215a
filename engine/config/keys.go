package config

import (
	"github.com/skillrun/skillrun/engine/lang/keys"
)

// Keys are all keys of skillrun.yaml with what they mean, by where they stand: at the
// top, in policy, in a service and in what is said of one skill. Which keys of a service
// mean something to its kind the kind says; see [step.ServiceKind].
func Keys() map[string]keys.Mapping {
	return map[string]keys.Mapping{"configuration": topKeys, "policy": policyKeys, "service": serviceKeys, "skill": skillKeys}
}

// StandInKeys are all keys of a sandbox.yaml, in the same way: at the top, in a service
// and in a response.
func StandInKeys() map[string]keys.Mapping {
	return map[string]keys.Mapping{"sandbox": standInKeys, "service": serviceParts, "response": responseKeys}
}

var topKeys = keys.Mapping{
	{Name: "site", Doc: "The name of the site; runs and their locks belong to a site.", Value: keys.Matching(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)},
	{Name: "timezone", Doc: "For `today()` and `now()`, such as `Europe/Dublin`; the machine's where it is left out.", Value: keys.Literal()},
	{Name: "services", Doc: "The services, by name.", Value: keys.Named(`^[a-z][a-z0-9_-]*$`, keys.Of("service"))},
	{Name: "secrets", Doc: "The credentials that skills use themselves, by name: `env:NAME` or `file:PATH`.", Value: keys.Named(`^[a-z][a-z0-9_]*$`, keys.Matching(onePlace))},
	{Name: "config", Doc: "Values for every skill that declares the name under `config`.", Value: keys.MapOf(keys.Data())},
	{Name: "skills", Doc: "What is for one skill only, by its name.", Value: keys.MapOf(keys.Of("skill"))},
	{Name: "policy", Doc: "How careful to be.", Value: keys.Of("policy")},
}

var skillKeys = keys.Mapping{
	{Name: "config", Doc: "Values for this skill, which override those for all.", Value: keys.MapOf(keys.Data())},
}

var policyKeys = keys.Mapping{
	{Name: "confirm", Doc: "Whether a run asks before its first write; `always` is the default.", Value: keys.Word("always", "never")},
	{Name: "exec", Doc: "The programs that skills may run: names as found in `PATH`, or absolute paths. Any where it is left out, but none with `shell: true`.", Value: keys.ListOf(keys.Literal())},
	{Name: "hosts", Doc: "The hosts that skills may reach, such as `gitlab.example.com` or `*.example.org`. Any where it is left out.", Value: keys.ListOf(keys.Literal())},
	{Name: "settle", Doc: "How long a request whose response was lost may still take effect; at most 1h, 60s where it is left out.", Value: keys.Duration()},
}

const (
	// onePlace is where a credential is, and place is also who knows it.
	onePlace = `^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$`
	place    = `^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|helper|netrc)$`
	person   = `^[^<>]+ <[^<>\s@]+@[^<>\s@]+>$`
)

var serviceKeys = keys.Mapping{
	{Name: "url", Doc: "Its URL: https, or http on this machine; without user, password or query.", Value: keys.Literal()},
	{Name: "kind", Doc: "The family of steps, if the name is not one.", Value: keys.Matching(`^[a-z][a-z0-9_-]*$`)},
	{Name: "token", Doc: "Where the credential is: `env:NAME` or `file:PATH`.", Value: keys.Matching(place)},
	{Name: "user", Doc: "The user: a name, or `env:NAME`.", Value: keys.Literal()},
	{Name: "credentials", Doc: "Instead of `token`: `netrc`, `helper` (git only), or `none` for no credential.", Value: keys.Word(helper, netrc, none)},
	{Name: "deployment", Doc: "Of Jira; `cloud` is the default.", Value: keys.Literal()},
	{Name: "api", Doc: "Of a registry: `quay` is the default; `oci` is any registry of images.", Value: keys.Literal()},
	{Name: "ca", Doc: "A PEM file of certificates to accept, in addition to the system's.", Value: keys.Literal()},
	{Name: "timeout", Doc: "Of one request, such as `60s`; 30 seconds where it is left out.", Value: keys.Duration()},
	{Name: "author", Doc: "Of commits: `Name <name@example.com>`.", Value: keys.Matching(person)},
	{Name: "committer", Doc: "Of commits, if it is not the author.", Value: keys.Matching(person)},
	{Name: "sign_off", Doc: "`true` ends commit messages with `Signed-off-by:` and the committer.", Value: keys.Flag()},
	{Name: "signing_key", Doc: "The file of the ssh key that signs commits.", Value: keys.Literal()},
	{Name: "header", Doc: "The header that carries the token as it is, such as `X-Api-Key`; `Authorization` where it is left out.", Value: keys.Matching(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)},
	{Name: "root", Doc: "The folder that file steps may access.", Value: keys.Literal()},
	{Name: "token_url", Doc: "Where access tokens are issued, by OAuth 2; `user` and `token` are then the client's id and secret.", Value: keys.Literal()},
	{Name: "refresh_token", Doc: "With `token_url`: where the refresh token is, `env:NAME` or `file:PATH`. Without it, the client's credentials are used.", Value: keys.Matching(onePlace)},
	{Name: "scope", Doc: "With `token_url` and without a refresh token: the scopes, separated by spaces.", Value: keys.Literal()},
	{Name: "queries", Doc: "The paths below `url` at which a POST only reads, such as `/graphql`; a `*` is any one part.", Value: keys.ListOf(keys.Matching(`^(/([A-Za-z0-9._~-]+|\*))+$`))},
	{Name: "command", Doc: "Instead of `url`: the program of the server and its arguments; there is no shell.", Value: keys.SomeOf(keys.Literal())},
	{Name: "pass_env", Doc: "With `command`: the variables that it gets, beside `PATH`.", Value: keys.ListOf(keys.Literal())},
	{Name: "secret_env", Doc: "With `command`: its variables that are credentials, such as `{TOKEN: env:TOKEN}`.", Value: keys.Named(`^[A-Za-z_][A-Za-z0-9_]*$`, keys.Matching(onePlace))},
}

// network are the keys of the services that are reached by a url.
var network = []string{"url", "token", "credentials", "ca", "timeout"}

var standInKeys = keys.Mapping{
	{Name: "services", Doc: "Services of kind http, by name.", Value: keys.Named(`^[a-z][a-z0-9_-]{0,62}$`, keys.Of("service"))},
	{Name: "files", Doc: "The files of the service `files`, by path.", Value: keys.MapOf(keys.Literal())},
	{Name: "config", Doc: "Values for skills, as under `config` of skillrun.yaml.", Value: keys.MapOf(keys.Data())},
}

var serviceParts = keys.Mapping{
	{Name: "collections", Doc: "Lists of objects, by their path, which requests read and change.", Value: keys.Named(`^/.*[^/]$`, keys.ListOf(keys.MapOf(keys.Data())))},
	{Name: "responses", Doc: "Responses that do not change.", Value: keys.ListOf(keys.Of("response"))},
}

var responseKeys = keys.Mapping{
	{Name: "method", Doc: "The method of the request.", Value: keys.Word(methods...)},
	{Name: "path", Doc: "The path of the request, below the service.", Value: keys.Matching(`^/`), Required: true},
	{Name: "query", Doc: "What the query of the request has to have.", Value: keys.MapOf(keys.Data())},
	{Name: "status", Doc: "The status of the response.", Value: keys.Integer(100, 599)},
	{Name: "headers", Doc: "The headers of the response.", Value: keys.MapOf(keys.Data())},
	{Name: "json", Doc: "The body, as JSON.", Value: keys.Data()},
	{Name: "text", Doc: "The body, as it is.", Value: keys.Literal()},
}
