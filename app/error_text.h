#pragma once

#include <kernels/error.h>

#include <QString>

namespace lapidary::app {

/// What an error is called in a heading: two or three translated words by kind.
[[nodiscard]] QString errorTitle(ErrorKind kind);

/// The sentence a person reads: the translation of the error's own sentence where the catalogue has
/// one, else that sentence, else what the kind alone can say. Plain text, never markup.
[[nodiscard]] QString errorText(const Error& error);

} // namespace lapidary::app
