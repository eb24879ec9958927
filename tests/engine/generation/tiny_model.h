#pragma once

#include "model.h"

#include <QTemporaryDir>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace lapidary::engine::test {

/// A folder with a checkpoint of tests/reference/cases and a vocabulary of its size: what a session
/// needs. Its special tokens stand where the configuration says, each byte is a token, and so are
/// some words.
class TinyFolder {
public:
    explicit TinyFolder(const std::string& checkpoint);

    [[nodiscard]] std::filesystem::path path() const;
    [[nodiscard]] std::shared_ptr<Model> load(const Recipe& recipe) const;

private:
    QTemporaryDir folder_;
};

/// f32 cache, this many tokens.
[[nodiscard]] Recipe tinyRecipe(int contextTokens);

} // namespace lapidary::engine::test
