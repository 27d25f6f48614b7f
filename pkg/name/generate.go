package name

//go:generate go run ./internal/genvectors ../../docs/name-vectors.json
