#include "cli/chat_output.h"

#include <unistd.h>

#include <cstdio>
#include <format>
#include <print>
#include <variant>

namespace lapidary::cli {

using namespace engine;

namespace {

void write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

} // namespace

ChatOutput::ChatOutput()
    : outputIsTerminal_(isatty(STDOUT_FILENO) == 1), errorIsTerminal_(isatty(STDERR_FILENO) == 1) {}

void ChatOutput::show(const Event& event) {
    if (const auto* progress = std::get_if<PrefillProgress>(&event)) {
        const int left = progress->promptTokens - progress->reusedTokens;
        if (progress->doneTokens < left && left > 256)
            status(std::format("Reading {} of {} tokens", progress->doneTokens, left));
        else
            status("");
    } else if (const auto* thought = std::get_if<ThoughtText>(&event)) {
        if (outputIsTerminal_) {
            dim(true);
            writeModelText(thought->text);
        }
    } else if (std::holds_alternative<ThoughtEnded>(event)) {
        if (outputIsTerminal_) {
            dim(false);
            write("\n\n");
        }
    } else if (const auto* answer = std::get_if<AnswerText>(&event)) {
        dim(false);
        writeModelText(answer->text);
    } else if (const auto* called = std::get_if<ToolCalled>(&event)) {
        if (outputIsTerminal_)
            writeModelText(std::format("[{} {}]\n", called->call.name, called->call.arguments));
    } else if (const auto* finished = std::get_if<Finished>(&event)) {
        finish(*finished);
    }
}

void ChatOutput::status(std::string_view text) {
    if (!errorIsTerminal_ || text == status_)
        return;
    status_ = text;
    std::print(stderr, "\r\x1b[K{}", text);
}

void ChatOutput::writeModelText(std::string_view text) const {
    if (outputIsTerminal_)
        write(withoutControls(text));
    else
        write(text);
}

void ChatOutput::dim(bool on) {
    if (on == dimmed_)
        return;
    dimmed_ = on;
    write(on ? "\x1b[2m" : "\x1b[0m");
}

void ChatOutput::finish(const Finished& finished) {
    status("");
    dim(false);
    if (outputIsTerminal_)
        write("\n");
    if (!errorIsTerminal_)
        return;
    if (finished.reason == FinishReason::Length)
        std::println(stderr, "(The limit of tokens was reached.)");
    if (finished.reason == FinishReason::ContextFull)
        std::println(stderr, "(The context is full.)");
    if (finished.reason != FinishReason::Failed)
        std::println(stderr, "\x1b[2m{}\x1b[0m", statisticsLine(finished.statistics));
}

std::string statisticsLine(const Statistics& statistics) {
    std::string line = std::format("{} prompt tokens", statistics.promptTokens);
    if (statistics.reusedTokens > 0)
        line += std::format(" ({} reused)", statistics.reusedTokens);
    line += std::format(" in {:.2f} s · first token after {:.2f} s · {} tokens at {:.1f}/s",
                        statistics.prefillSeconds, statistics.firstTokenSeconds,
                        statistics.thoughtTokens + statistics.answerTokens,
                        statistics.decodeTokensPerSecond());
    return line;
}

std::string withoutControls(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+0080 … U+009F are C2 80 … C2 9F in UTF-8.
        if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            ++i;
            continue;
        }
        if ((byte >= 0x20 && byte != 0x7F) || byte == '\n' || byte == '\t')
            result += text[i];
    }
    return result;
}

} // namespace lapidary::cli
