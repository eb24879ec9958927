#include "chat/prompt_writer.h"

namespace lapidary::engine {

PromptWriter& PromptWriter::control(Special special) {
    need(special);
    pieces_.emplace_back(ControlPiece{special_[special]});
    return *this;
}

PromptWriter& PromptWriter::text(std::string_view text) {
    if (text.empty())
        return *this;
    auto* const before = pieces_.empty() ? nullptr : std::get_if<TextPiece>(&pieces_.back());
    if (before != nullptr)
        before->text += text;
    else
        pieces_.emplace_back(TextPiece{std::string(text)});
    return *this;
}

PromptWriter& PromptWriter::tokens(std::span<const TokenId> ids) {
    pieces_.emplace_back(TokensPiece{{ids.begin(), ids.end()}});
    return *this;
}

PromptWriter& PromptWriter::image(const ImagePart& part) {
    need(Special::ImageBegin);
    need(Special::ImageSoft);
    need(Special::ImageEnd);
    pieces_.emplace_back(part);
    return *this;
}

PromptWriter& PromptWriter::quoted(std::string_view text) {
    return control(Special::Quote).PromptWriter::text(text).control(Special::Quote);
}

void PromptWriter::need(Special special) {
    if (!special_.has(special) && !missing_)
        missing_ = special;
}

} // namespace lapidary::engine
