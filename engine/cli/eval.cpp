#include "cli/commands.h"
#include "cli/device_option.h"
#include "cli/model_folder.h"
#include "cli/picture_file.h"
#include "cli/tensor_file.h"
#include "generation/context.h"
#include "image/patches.h"
#include "safetensors/file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <format>
#include <limits>
#include <utility>
#include <vector>

namespace lapidary::cli {

using namespace engine;

namespace {

constexpr std::array kOptions = {
    kModelOption,
    kDeviceOption,
    Option{.name = "--tokens",
           .value = "FILE",
           .help = "safetensors file with int32 input_ids [1, n], image placeholders in place"},
    Option{.name = "--out",
           .value = "FILE",
           .help = "takes float32 logits [n, vocabulary] and int32 greedy [N]"},
    Option{.name = "--image", .value = "FILE", .help = "a picture, in the order of the prompt"},
    Option{.name = "--greedy", .value = "N", .help = "also the N likeliest tokens that follow"},
    Option{.name = "--weights",
           .value = "FORMAT",
           .help = "fp8: the linears quantised while they are read; without, as they are stored"},
    Option{.name = "--threads", .value = "N", .help = "processor threads; one a core without"},
};

/// What a device must have room for to be chosen; the ids are read when the model is there.
constexpr int kUsualTokens = 4096;

/// What is evaluated.
struct Question {
    TokenSequence tokens;
    std::vector<SoftTokens> soft; // of its images
    int greedy = 0;
};

Expected<std::vector<std::int32_t>> readIds(const std::filesystem::path& path, int vocabulary) {
    const auto file = SafetensorsFile::open(path);
    if (!file)
        return std::unexpected(file.error());
    const TensorView* tensor = file->find("input_ids");
    const bool isRow =
        tensor != nullptr
        && (tensor->shape.size() == 1 || (tensor->shape.size() == 2 && tensor->shape.front() == 1));
    if (!isRow || tensor->type != StoredType::I32 || tensor->elements() == 0)
        return fail(ErrorKind::Corrupt,
                    std::format("{} has no int32 tensor input_ids of the shape [1, n], n ≥ 1. Save "
                                "the ids as one row of int32.",
                                path.string()));
    std::vector<std::int32_t> ids(static_cast<std::size_t>(tensor->elements()));
    std::memcpy(ids.data(), tensor->bytes.data(), tensor->bytes.size());
    for (const std::int32_t id : ids)
        if (id < 0 || id >= vocabulary)
            return fail(ErrorKind::Corrupt,
                        std::format("{} has the id {}, and this model's vocabulary ends at {}. Use "
                                    "ids of this model's tokenizer.",
                                    path.string(), id, vocabulary - 1));
    return ids;
}

/// The soft tokens of a picture at the detail level at which it costs as many as its run is long.
Expected<SoftTokens> encodePicture(LoadedModel& model, const std::filesystem::path& path,
                                   const ImageSpan& run) {
    const auto image = readPicture(path);
    if (!image)
        return std::unexpected(image.error());
    const int length = run.end - run.begin;
    const auto cost = [&](int budget) {
        return imageTokens((*image)->width, (*image)->height, budget);
    };
    const auto* const budget = std::ranges::find(kImageBudgets, length, cost);
    if (budget == std::ranges::end(kImageBudgets))
        return fail(ErrorKind::Unsupported,
                    std::format("The run of placeholders of {} has {} tokens, and its {} × {} "
                                "pixels cost {} at the lowest detail level and {} at the highest. "
                                "Make the run as long as the picture costs at a level.",
                                path.string(), length, (*image)->width, (*image)->height,
                                cost(kImageBudgets[0]), cost(std::end(kImageBudgets)[-1])));
    return model.images->encode(*model.backend,
                                cutPatches(**image, *budget, model.images->patchSide()));
}

Expected<Question> readQuestion(const Arguments& arguments, LoadedModel& model) {
    const ModelConfig& config = model.config();
    const auto greedy = arguments.integer("--greedy", 0, 0, config.maxContextTokens);
    if (!greedy)
        return std::unexpected(greedy.error());
    const auto ids = readIds(arguments.value("--tokens").value_or(""), config.vocabulary);
    if (!ids)
        return std::unexpected(ids.error());
    Question question{
        .tokens = TokenSequence(*ids, config.tokens.image), .soft = {}, .greedy = *greedy};
    if (question.tokens.size() + *greedy > config.maxContextTokens)
        return fail(ErrorKind::DoesNotFit,
                    std::format("{} ids and {} more are beyond the {} positions of this model. Use "
                                "fewer.",
                                question.tokens.size(), *greedy, config.maxContextTokens));
    const std::vector<std::string> pictures = arguments.values("--image");
    if (pictures.size() != question.tokens.images().size())
        return fail(ErrorKind::Unsupported,
                    std::format("The ids have {} runs of image placeholders and there are {} "
                                "pictures. Give one --image for each run.",
                                question.tokens.images().size(), pictures.size()));
    if (!pictures.empty() && !model.images)
        return fail(ErrorKind::Unsupported, "This model sees no images. Use one that does.");
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        auto soft = encodePicture(model, pictures[i], question.tokens.images()[i]);
        if (!soft)
            return std::unexpected(soft.error());
        question.soft.push_back(std::move(*soft));
    }
    return question;
}

Expected<void> answer(LoadedModel& model, const Question& question, TensorFile& out) {
    const bool onProcessor = model.backend->activationType() == kernels::DType::F32;
    auto context = Context::open(model, question.tokens.size() + question.greedy,
                                 onProcessor ? CacheFormat::F32 : CacheFormat::BF16);
    if (!context)
        return std::unexpected(context.error());
    std::vector<float> rows; // [rows of a step, vocabulary]
    const auto done = context->prefill({
        .tokens = question.tokens,
        .image = [&](std::size_t i) -> Expected<const SoftTokens*> { return &question.soft[i]; },
        .progress = {},
        .logits =
            [&](const kernels::Tensor& logits, int) {
                rows.resize(static_cast<std::size_t>(logits.elements()));
                model.backend->download(logits, std::as_writable_bytes(std::span(rows)));
                // What cannot be waited for is told by the step.
                if (model.backend->wait())
                    out.append(std::as_bytes(std::span(rows)));
            },
    });
    if (!done)
        return std::unexpected(done.error());
    std::vector<std::int32_t> greedy; // [N]
    while (std::cmp_less(greedy.size(), question.greedy)) {
        const auto id = context->draw({.temperature = 0}, {});
        if (!id)
            return std::unexpected(id.error());
        greedy.push_back(*id);
        context->extend(*id);
    }
    if (auto settled = context->settle(); !settled)
        return settled;
    out.append(std::as_bytes(std::span(greedy)));
    return model.checkpoint.checkIntact();
}

Expected<ExitCode> run(const Arguments& arguments) {
    if (!arguments.has("--tokens") || !arguments.has("--out"))
        return fail(ErrorKind::Unsupported, "eval needs --tokens and --out; --help tells more.");
    const auto threads = arguments.integer("--threads", 0, 1, std::numeric_limits<short>::max());
    if (!threads)
        return std::unexpected(threads.error());
    const auto weights = arguments.value("--weights");
    if (weights && *weights != "fp8")
        return fail(ErrorKind::Unsupported,
                    "--weights takes fp8; leave it out for the stored ones.");
    Recipe recipe;
    recipe.contextTokens = kUsualTokens;
    recipe.weights = weights ? WeightChoice::Fp8 : WeightChoice::AsStored;
    const auto device = deviceFor(arguments, modelFolder(arguments), recipe);
    if (!device)
        return std::unexpected(device.error());
    auto checkpoint = Checkpoint::open(modelFolder(arguments));
    if (!checkpoint)
        return std::unexpected(checkpoint.error());
    auto backend = kernels::openDevice(*device, *threads);
    if (!backend)
        return std::unexpected(backend.error());
    const auto model =
        LoadedModel::load(std::move(*checkpoint), std::move(*backend), recipe.weights);
    if (!model)
        return std::unexpected(model.error());
    const auto question = readQuestion(arguments, **model);
    if (!question)
        return std::unexpected(question.error());

    std::vector<TensorFile::Tensor> tensors = {
        {.name = "logits",
         .type = "F32",
         .shape = {question->tokens.size(), (*model)->config().vocabulary}},
        {.name = "greedy", .type = "I32", .shape = {question->greedy}},
    };
    auto out = TensorFile::create(arguments.value("--out").value_or(""), tensors);
    if (!out)
        return std::unexpected(out.error());
    if (auto done = answer(**model, *question, *out); !done)
        return std::unexpected(done.error());
    if (auto closed = out->close(); !closed)
        return std::unexpected(closed.error());
    return ExitCode::Done;
}

} // namespace

constinit const Command kEval = {
    .name = "eval",
    .summary = "Writes a model's logits for given token ids, to compare engines",
    .operands = "",
    .help = "Computes the logits of every position: on the processor in f32 over the weights as\n"
            "they are stored, with a cache in f32; on a card in bf16. Each run of image\n"
            "placeholders takes one --image, at the detail level at which the picture costs as\n"
            "many tokens as the run is long.",
    .options = kOptions,
    .run = run,
};

} // namespace lapidary::cli
