#pragma once

#include <QString>
#include <QStringList>

namespace lapidary::app {

/// The folder itself when it holds a `config.json`, else those of its folders that do, by name; the
/// folder itself again when there are none, so that it is listed with the reason. Any thread.
[[nodiscard]] QStringList modelFoldersIn(const QString& folder);

/// Snapshots of Gemma 4 models in a Hugging Face cache: of each `models--OWNER--NAME` the newest
/// snapshot that its main reference names, when its configuration is of the family. Other models of
/// the cache are none of our business and are left out. Any thread; formats.md, section 2.
[[nodiscard]] QStringList modelFoldersInHubCache(const QString& cache);

/// The folder of the Hugging Face cache from the environment: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE,
/// HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub. The only reader of these.
[[nodiscard]] QString hubCacheFolder();

} // namespace lapidary::app
