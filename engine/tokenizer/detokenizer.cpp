#include "tokenizer/detokenizer.h"

#include "tokenizer/utf8.h"

namespace lapidary::engine {

std::string Detokenizer::add(TokenId id) {
    if (tokenizer_.isControl(id)) {
        std::string text = flush();
        if (controls_ == Controls::Visible)
            text += tokenizer_.bytes(id);
        return text;
    }
    held_ += tokenizer_.bytes(id);

    std::string text;
    std::string_view rest = held_;
    while (!rest.empty()) {
        const Utf8Step step = utf8Step(rest);
        if (step.kind == Utf8Step::Kind::Unfinished)
            break;
        text += step.kind == Utf8Step::Kind::Character ? rest.substr(0, step.length)
                                                       : kReplacementCharacter;
        rest.remove_prefix(step.length);
    }
    held_.erase(0, held_.size() - rest.size());
    return text;
}

std::string Detokenizer::flush() {
    std::string text = withoutInvalidUtf8(held_);
    held_.clear();
    return text;
}

} // namespace lapidary::engine
