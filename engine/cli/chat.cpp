#include "cli/chat_output.h"
#include "cli/commands.h"
#include "cli/device_option.h"
#include "cli/interrupt.h"
#include "cli/model_folder.h"
#include "cli/picture_file.h"
#include "cli/record.h"
#include "engine.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <format>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>
#include <print>
#include <random>
#include <utility>

namespace lapidary::cli {

using namespace engine;

namespace {

constexpr int kMany = std::numeric_limits<int>::max();

constexpr std::array kOptions = {
    kModelOption,
    kDeviceOption,
    Option{.name = "--system", .value = "TEXT", .help = "what the model is told about its task"},
    Option{.name = "--image", .value = "FILE", .help = "a picture before the first message"},
    Option{.name = "--image-tokens",
           .value = "N",
           .help = "what a picture may cost: 70, 140, 280, 560 or 1120; 280 without"},
    Option{.name = "--no-thinking", .value = "", .help = "answer at once"},
    Option{.name = "--max-tokens", .value = "N", .help = "end after this many tokens"},
    Option{.name = "--seed", .value = "N", .help = "the same seed gives the same text"},
    Option{.name = "--temperature", .value = "X", .help = "0 always takes the likeliest token"},
    Option{.name = "--top-k", .value = "N", .help = "draw from the N likeliest; 0: from all"},
    Option{.name = "--top-p", .value = "P", .help = "draw from the likeliest that sum up to P"},
    Option{.name = "--min-p", .value = "P", .help = "leave out what is below P times the best"},
    Option{.name = "--repetition-penalty", .value = "X", .help = "above 1: fewer repetitions"},
    Option{.name = "--stop", .value = "TEXT", .help = "end the answer before this text"},
    Option{.name = "--context", .value = "N", .help = "tokens to make room for; 32768 without"},
    Option{.name = "--threads", .value = "N", .help = "processor threads; one a core without"},
    Option{.name = "--record",
           .value = "FILE",
           .help = "also write the events, for lapidary --replay FILE"},
};

/// A number of an option into `target`, which keeps its value where the option is absent.
template <class T>
Expected<void> take(Expected<T> value, auto& target) {
    if (!value)
        return std::unexpected(value.error());
    target = static_cast<std::remove_reference_t<decltype(target)>>(*value);
    return {};
}

/// What the arguments say about every generation.
Expected<Request> readRequest(const Arguments& arguments, const ModelDescription& model) {
    Request request;
    request.thinking = model.thinks && !arguments.has("--no-thinking");
    request.stopStrings = arguments.values("--stop");
    request.sampling = model.sampling;
    kernels::Sampling& s = request.sampling;
    s.seed = std::random_device{}();
    const Expected<void> taken[] = {
        take(arguments.integer("--max-tokens", 0, 1, kMany), request.maxTokens),
        take(arguments.number("--temperature", s.temperature, 0, 100), s.temperature),
        take(arguments.integer("--top-k", s.topK, 0, kMany), s.topK),
        take(arguments.number("--top-p", s.topP, 0, 1), s.topP),
        take(arguments.number("--min-p", s.minP, 0, 1), s.minP),
        take(arguments.number("--repetition-penalty", s.repetitionPenalty, 0.01, 100),
             s.repetitionPenalty),
        arguments.has("--seed") ? take(arguments.integer("--seed", 0, 0, kMany), s.seed)
                                : Expected<void>(),
    };
    for (const Expected<void>& one : taken)
        if (!one)
            return std::unexpected(one.error());
    if (const auto system = arguments.value("--system"))
        request.messages.push_back(
            {.role = Role::System, .parts = {*system}, .thought = {}, .calls = {}});
    return request;
}

Expected<std::shared_ptr<Model>> load(const Arguments& arguments, ChatOutput& output) {
    LoadRequest request{.folder = modelFolder(arguments), .recipe = {}, .progress = {}, .stop = {}};
    const Expected<void> taken[] = {
        take(arguments.integer("--context", request.recipe.contextTokens, 1, kMany),
             request.recipe.contextTokens),
        take(arguments.integer("--image-tokens", request.recipe.imageBudget, 1, 1120),
             request.recipe.imageBudget),
        take(arguments.integer("--threads", 0, 1, 1024), request.threads),
    };
    for (const Expected<void>& one : taken)
        if (!one)
            return std::unexpected(one.error());
    auto device = deviceFor(arguments, request.folder, request.recipe);
    if (!device)
        return std::unexpected(device.error());
    request.device = std::move(*device);
    std::stop_source stop;
    request.stop = stop.get_token();
    request.progress = [&](const LoadProgress& progress) {
        if (Interrupt::requested())
            stop.request_stop();
        if (progress.totalBytes > 0)
            output.status(
                std::format("Loading {} %", progress.doneBytes * 100 / progress.totalBytes));
    };
    auto model = loadModel(request);
    output.status("");
    return model;
}

/// One conversation on the terminal.
class Chat {
public:
    Chat(Session& session, Request request, ChatOutput& output, std::optional<Recorder>& recorder)
        : session_(session), request_(std::move(request)), output_(output), recorder_(recorder) {}

    /// Asks, shows the answer, and keeps both.
    [[nodiscard]] FinishReason ask(const std::string& text, std::vector<Part> pictures,
                                   std::optional<Error>& error) {
        Message question{
            .role = Role::User, .parts = std::move(pictures), .thought = {}, .calls = {}};
        question.parts.emplace_back(text);
        request_.messages.push_back(std::move(question));
        if (recorder_)
            recorder_->begin(text);

        Message answer{.role = Role::Assistant, .parts = {}, .thought = {}, .calls = {}};
        std::string answered;
        std::stop_source stop;
        request_.stop = stop.get_token();
        Interrupt::setRunning(&stop);
        const Finished finished = session_.generate(request_, [&](const Event& event) {
            if (recorder_)
                recorder_->write(event);
            if (const auto* piece = std::get_if<ThoughtText>(&event))
                answer.thought += piece->text;
            else if (const auto* more = std::get_if<AnswerText>(&event))
                answered += more->text;
            output_.show(event);
        });
        Interrupt::setRunning(nullptr);
        answer.parts.emplace_back(std::move(answered));
        request_.messages.push_back(std::move(answer));
        error = finished.error;
        return finished.reason;
    }

private:
    Session& session_;
    Request request_;
    ChatOutput& output_;
    std::optional<Recorder>& recorder_;
};

std::string readAll() {
    return {std::istreambuf_iterator<char>(std::cin), {}};
}

/// Questions line by line until the end of the input.
Expected<ExitCode> converse(Chat& chat, std::vector<Part> pictures) {
    for (;;) {
        std::print(stderr, "> ");
        std::string line;
        if (!std::getline(std::cin, line)) {
            std::println(stderr, "");
            return Interrupt::requested() ? ExitCode::Cancelled : ExitCode::Done;
        }
        if (line.empty())
            continue;
        std::optional<Error> error;
        static_cast<void>(chat.ask(line, std::exchange(pictures, {}), error));
        if (error && error->kind == ErrorKind::DeviceLost)
            return std::unexpected(*error);
        if (error)
            std::println(stderr, "{}", error->sentence);
    }
}

Expected<ExitCode> run(const Arguments& arguments) {
    const Interrupt interrupt;
    ChatOutput output;
    std::vector<Part> pictures;
    for (const std::string& path : arguments.values("--image")) {
        auto picture = readPicture(path);
        if (!picture)
            return std::unexpected(picture.error());
        pictures.emplace_back(ImagePart{.image = std::move(*picture)});
    }
    const auto model = load(arguments, output);
    if (!model)
        return std::unexpected(model.error());
    const auto request = readRequest(arguments, (*model)->description());
    if (!request)
        return std::unexpected(request.error());
    auto session = (*model)->openSession();
    if (!session)
        return std::unexpected(session.error());
    std::optional<Recorder> recorder;
    if (const auto path = arguments.value("--record")) {
        auto created =
            Recorder::create(*path, (*model)->description(), (*model)->plan().contextTokens);
        if (!created)
            return std::unexpected(created.error());
        recorder.emplace(std::move(*created));
    }

    Chat chat(**session, *request, output, recorder);
    Expected<ExitCode> code = ExitCode::Done;
    const bool asksHere = arguments.operands().empty() && isatty(STDIN_FILENO) == 1;
    if (asksHere) {
        if (const std::string& notice = (*model)->description().notice; !notice.empty())
            std::println(stderr, "{}", notice);
        code = converse(chat, std::move(pictures));
    } else {
        std::string question;
        for (const std::string& word : arguments.operands())
            question += (question.empty() ? "" : " ") + (word == "-" ? readAll() : word);
        if (arguments.operands().empty())
            question = readAll();
        std::optional<Error> error;
        if (chat.ask(question, std::move(pictures), error) == FinishReason::Cancelled)
            code = ExitCode::Cancelled;
        if (error)
            code = std::unexpected(*error);
    }
    if (recorder)
        if (auto closed = recorder->close(); !closed && code)
            code = std::unexpected(closed.error());
    return code;
}

} // namespace

constinit const Command kChat = {
    .name = "chat",
    .summary = "Talks with a model",
    .operands = "[PROMPT]...",
    .help =
        "Answers the prompt, which is the arguments, or else what is piped in. On a terminal and\n"
        "without a prompt it asks for one after another until Ctrl+D. Ctrl+C ends the answer,\n"
        "twice the program. Into a pipe or a file goes the bare answer and nothing else.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
