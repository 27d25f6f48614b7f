package main

import "strings"

// class says why an input is refused.
type class string

const (
	empty          class = "empty"
	notAvailable   class = "not-available"
	template       class = "template"
	path           class = "path-separator"
	control        class = "control-character"
	space          class = "white-space"
	notExact       class = "not-exact"
	metadata       class = "build-metadata"
	prerelease     class = "pre-release"
	characters     class = "characters"
	reserved       class = "reserved"
	unknownChannel class = "unknown-channel"
	unknownArch    class = "unknown-arch"
	tooLong        class = "too-long"
)

type description struct {
	class   class
	meaning string
}

func classes() []description {
	return []description{
		{empty, "there is no value"},
		{notAvailable, "the literal N/A, which stands for a component that a Release lacks"},
		{template, "has {{, which templates would expand"},
		{path, "has a slash or backslash"},
		{control, "has a control character"},
		{space, "has white space"},
		{notExact, "is not MAJOR.MINOR.PATCH without leading zeros"},
		{metadata, "has build metadata (+)"},
		{prerelease, "is a pre-release"},
		{characters, "has other characters than letters, digits and single dashes between them"},
		{reserved, "begins with a part that is an architecture or looks like a pre-release of the tooling"},
		{unknownChannel, "is not one of stable, beta, alpha, lts"},
		{unknownArch, "is not one of amd64, arm64"},
		{tooLong, "is longer than the 63 characters of a Kubernetes label value"},
	}
}

type expectation struct {
	field string
	class class
}

// testCase is an input and why it is refused, in the order of the name's parts; nil if it makes a name.
type testCase struct {
	in   input
	want []expectation
}

func cases() []testCase {
	return append(accepted(), refused()...)
}

// good is a plain input, of which cases change a part.
func good() input {
	return input{Channel: "stable", Flatcar: "3815.2.5", Kubernetes: "1.29.7", Tooling: "1.15.0", Arch: "amd64", Suffix: "gs"}
}

func (in input) with(field, value string) input {
	switch field {
	case "channel":
		in.Channel = value
	case "flatcar":
		in.Flatcar = value
	case "kubernetes":
		in.Kubernetes = value
	case "tooling":
		in.Tooling = value
	case "arch":
		in.Arch = value
	case "suffix":
		in.Suffix = value
	}
	return in
}

func accepted() []testCase {
	var out []testCase
	for _, in := range []input{
		good(),
		{"stable", "3815.2.5", "v1.29.7", "v1.15.0", "amd64", "gs"},
		{"stable", "v3815.2.5", "v1.29.7", "1.15.0", "amd64", "gs"},
		{"", "3815.2.5", "1.29.7", "1.15.0", "", "gs"},
		{"stable", "3815.2.5", "1.27.16", "1.20.0", "amd64", "gs"},
		{"stable", "3815.2.5", "1.27.16", "1.20.1", "amd64", "gs"},
		{"stable", "3975.2.0", "1.30.4", "1.18.1", "amd64", "gs"},
		{"stable", "3975.2.0", "1.30.4", "1.18.1", "arm64", "gs"},
		{"beta", "3975.2.0", "v1.30.4", "v1.18.1", "amd64", "gs"},
		{"alpha", "4054.0.0", "1.31.0", "1.19.0", "arm64", "gs"},
		{"lts", "3510.3.6", "1.27.16", "1.15.0", "amd64", "gs"},
		{"stable", "4593.2.5", "1.36.3", "1.34.0", "amd64", "gs"},
		{"stable", "4593.2.5", "1.36.3", "1.34.0", "arm64", "gs"},
		{"stable", "10000.10.10", "1.100.100", "2.0.0", "amd64", "gs"},
		{"stable", "0.0.0", "0.0.0", "0.0.0", "amd64", "gs"},
		{"stable", "3815.2.5", "1.29.7", "10.20.30", "arm64", "gs"},
	} {
		out = append(out, testCase{in: in})
	}
	// The longest suffix that the good versions leave room for.
	longest := strings.Repeat("x", 63-len("flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-"))
	for _, suffix := range []string{
		"mn-gs", "gs-lille", "gs-3", "x", "GS", "2026", "1-gs", "gs-arm64", "gs-rc1", "archive", "devel", "rcx-gs",
		"g839375-gs", "g839375z-gs", "N-A", longest,
	} {
		out = append(out, testCase{in: good().with("suffix", suffix)})
	}
	return append(out,
		testCase{in: good().with("arch", "arm64").with("suffix", "mn-gs")},
		testCase{in: good().with("arch", "arm64").with("suffix", strings.TrimPrefix(longest, "xxxxxx"))}, // "arm64-"
	)
}

func refused() []testCase {
	var out []testCase
	add := func(fields []string, values []string, c class) {
		for _, field := range fields {
			for _, value := range values {
				out = append(out, testCase{in: good().with(field, value), want: []expectation{{field, c}}})
			}
		}
	}
	versions := []string{"flatcar", "kubernetes", "tooling"}
	add(versions, []string{"", "v"}, empty)
	add(versions, []string{"N/A"}, notAvailable)
	add(versions, []string{"{{.Version}}"}, template)
	add(versions, []string{"1.15.0/..", `1.15.0\x`}, path)
	add(versions, []string{"1.15.0\n", "1.15.0\x00"}, control)
	add(versions, []string{" 1.15.0", "1.15.0 ", "1.15.0\u00a0"}, space)
	add(versions, []string{"1", "1.15", "1.15.0.1", "vv1.15.0", "V1.15.0", "01.15.0", "1.15.00", "1.15.x", "-1.15.0", "latest", ">=1.15", "１.15.0", "1.15.0-", "99999999999999999999.0.0"}, notExact)
	add(versions, []string{"1.15.0+build.1", "1.15.0-rc.1+build.1"}, metadata)
	add(versions, []string{"1.15.0-rc.1", "v1.15.0-g839375a04"}, prerelease)
	suffix := []string{"suffix"}
	add(suffix, []string{""}, empty)
	add(suffix, []string{"N/A"}, notAvailable)
	add(suffix, []string{"{{x}}"}, template)
	add(suffix, []string{"a/b"}, path)
	add(suffix, []string{"g\ts"}, control)
	add(suffix, []string{"g s"}, space)
	add(suffix, []string{"-", "-gs", "gs-", "gs--x", "g_s", "gs.x", "rc.1", "gs+1", "ö"}, characters)
	add(suffix, []string{"arm64-gs", "amd64", "rc1-gs", "alpha", "beta2", "dev-gs", "pre-gs", "g839375a-gs"}, reserved)
	add([]string{"channel"}, []string{"Stable", "edge", "vstable", "stable-x"}, unknownChannel)
	add([]string{"channel"}, []string{"{{x}}"}, template)
	add([]string{"channel"}, []string{"stable "}, space)
	add([]string{"arch"}, []string{"x86_64", "aarch64", "ARM64", "riscv64"}, unknownArch)
	return append(out, refusedWhole()...)
}

// refusedWhole are names that are too long, and inputs with several things wrong at once.
func refusedWhole() []testCase {
	long := strings.Repeat("x", 64-len("flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-"))
	return []testCase{
		{good().with("suffix", long), []expectation{{"name", tooLong}}},
		{good().with("arch", "arm64").with("suffix", strings.TrimPrefix(long, "xxxxxx")), []expectation{{"name", tooLong}}},
		{good().with("tooling", "N/A").with("kubernetes", "1.29"), []expectation{{"kubernetes", notExact}, {"tooling", notAvailable}}},
		{input{Channel: "edge", Flatcar: "3815", Kubernetes: "N/A", Tooling: "", Arch: "riscv", Suffix: "-"}, []expectation{
			{"channel", unknownChannel},
			{"flatcar", notExact},
			{"kubernetes", notAvailable},
			{"tooling", empty},
			{"arch", unknownArch},
			{"suffix", characters},
		}},
	}
}
