#include "cli/record.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <format>
#include <utility>
#include <variant>

namespace lapidary::cli {

using namespace engine;
using Json = nlohmann::ordered_json;

namespace {

const char* nameOf(FinishReason reason) {
    switch (reason) {
    case FinishReason::Stop:
        return "stop";
    case FinishReason::ToolCall:
        return "toolCall";
    case FinishReason::Length:
        return "length";
    case FinishReason::ContextFull:
        return "contextFull";
    case FinishReason::Cancelled:
        return "cancelled";
    case FinishReason::Failed:
        break;
    }
    return "failed";
}

const char* nameOf(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::NotFound:
        return "notFound";
    case ErrorKind::Corrupt:
        return "corrupt";
    case ErrorKind::Unsupported:
        return "unsupported";
    case ErrorKind::DoesNotFit:
        return "doesNotFit";
    case ErrorKind::DeviceLost:
        return "deviceLost";
    case ErrorKind::NoSpace:
        return "noSpace";
    case ErrorKind::Network:
        return "network";
    case ErrorKind::Denied:
        return "denied";
    case ErrorKind::Cancelled:
        break;
    }
    return "cancelled";
}

/// The fields of an event after its time.
struct Fields {
    Json& line;

    void operator()(const PrefillProgress& progress) const {
        line["event"] = "prefill";
        line["promptTokens"] = progress.promptTokens;
        line["reusedTokens"] = progress.reusedTokens;
        line["doneTokens"] = progress.doneTokens;
    }
    void operator()(const ThoughtText& thought) const {
        line["event"] = "thought";
        line["text"] = thought.text;
        line["tokens"] = thought.tokens;
    }
    void operator()(const ThoughtEnded&) const { line["event"] = "thoughtEnded"; }
    void operator()(const AnswerText& answer) const {
        line["event"] = "answer";
        line["text"] = answer.text;
        line["tokens"] = answer.tokens;
    }
    void operator()(const ToolCalled& called) const {
        line["event"] = "toolCall";
        line["id"] = called.call.id;
        line["name"] = called.call.name;
        line["arguments"] = called.call.arguments;
    }
    void operator()(const Round& round) const {
        line["event"] = "round";
        line["proposed"] = round.proposed;
        line["accepted"] = round.accepted;
    }
    void operator()(const Finished& finished) const {
        line["event"] = "finished";
        line["reason"] = nameOf(finished.reason);
        if (finished.error)
            line["error"] = {{"kind", nameOf(finished.error->kind)},
                             {"sentence", finished.error->sentence}};
        const Statistics& s = finished.statistics;
        line["statistics"] = {
            {"promptTokens", s.promptTokens},     {"reusedTokens", s.reusedTokens},
            {"thoughtTokens", s.thoughtTokens},   {"answerTokens", s.answerTokens},
            {"prefillSeconds", s.prefillSeconds}, {"firstTokenSeconds", s.firstTokenSeconds},
            {"decodeSeconds", s.decodeSeconds},   {"rounds", s.rounds},
            {"proposedTokens", s.proposedTokens}, {"acceptedTokens", s.acceptedTokens}};
    }
};

std::string text(const Json& line) {
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

Expected<Recorder> Recorder::create(const std::filesystem::path& path,
                                    const ModelDescription& model, int contextTokens) {
    Recorder recorder;
    recorder.path_ = path;
    recorder.file_.open(path, std::ios::binary | std::ios::trunc);
    if (!recorder.file_)
        return fail(ErrorKind::Denied,
                    std::format("{} cannot be written. Check that its folder exists and may be "
                                "written to.",
                                path.string()));
    recorder.file_ << text({{"recording", 1},
                            {"model", model.name},
                            {"contextTokens", contextTokens},
                            {"seesImages", model.seesImages}});
    return recorder;
}

void Recorder::begin(const std::string& prompt) {
    prompt_ = prompt;
    start_ = std::chrono::steady_clock::now();
}

void Recorder::write(const Event& event) {
    const std::chrono::duration<double, std::milli> t = std::chrono::steady_clock::now() - start_;
    Json line = {{"t", std::round(t.count() * 10) / 10}};
    std::visit(Fields{.line = line}, event);
    if (!prompt_.empty())
        line["prompt"] = std::exchange(prompt_, {});
    file_ << text(line);
}

Expected<void> Recorder::close() {
    file_.close();
    if (!file_)
        return fail(ErrorKind::NoSpace,
                    std::format("{} could not be written to its end. Free some disk space.",
                                path_.string()));
    return {};
}

} // namespace lapidary::cli
