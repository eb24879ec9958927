#include "model_list.h"

#include "error_text.h"
#include "model_folders.h"

#include <QtConcurrentRun>

#include <algorithm>
#include <utility>

namespace lapidary::app {
namespace {

ModelList::Row describe(const EngineQueries& queries, const QString& folder,
                        ModelList::Place place) {
    ModelList::Row row;
    row.folder = folder;
    row.place = place;
    row.name = folder.section(u'/', -1);
    const auto description = queries.describe(std::filesystem::path(folder.toStdU16String()));
    if (!description) {
        row.reason = errorText(description.error());
        return row;
    }
    row.name = QString::fromStdString(description->name);
    row.format = QString::fromStdString(description->format);
    row.notice = QString::fromStdString(description->notice);
    row.seesImages = description->seesImages;
    row.maxContextTokens = description->maxContextTokens;
    row.usable = true;
    return row;
}

} // namespace

ModelList::ModelList(EngineQueries queries, QString demoFolder, QString hubCache, QObject* parent)
    : QAbstractListModel(parent)
    , queries_(std::move(queries))
    , demoFolder_(std::move(demoFolder))
    , hubCache_(std::move(hubCache)) {}

int ModelList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

QVariant ModelList::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Row& row = rows_.at(index.row());
    switch (role) {
    case Qt::DisplayRole:
    case NameRole:
        return row.name;
    case FolderRole:
        return row.folder;
    case FormatRole:
        return row.format;
    case SizeRole:
        return row.size;
    case VerdictRole:
        return row.verdict;
    case UsableRole:
        return row.usable;
    case ReasonRole:
        return row.reason;
    case NoticeRole:
        return row.notice;
    case PlaceRole:
        return QVariant::fromValue(row.place);
    default:
        return {};
    }
}

QHash<int, QByteArray> ModelList::roleNames() const {
    return {{NameRole, "name"},     {FolderRole, "folder"},   {FormatRole, "format"},
            {SizeRole, "size"},     {VerdictRole, "verdict"}, {UsableRole, "usable"},
            {ReasonRole, "reason"}, {NoticeRole, "notice"},   {PlaceRole, "place"}};
}

int ModelList::rowOfFolder(const QString& folder) const {
    const auto found = std::ranges::find(rows_, folder, &Row::folder);
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

void ModelList::scan() {
    if (scanning_) {
        scanAgain_ = true;
        return;
    }
    scanning_ = true;
    emit scanningChanged();
    QtConcurrent::run([queries = queries_, demo = demoFolder_, cache = hubCache_,
                       chosen = chosenFolders_] {
        QList<Row> rows;
        const auto add = [&](const QStringList& folders, Place place) {
            for (const QString& folder : folders) {
                const bool known = std::ranges::contains(rows, folder, &Row::folder);
                if (!known)
                    rows.append(describe(queries, folder, place));
            }
        };
        if (!demo.isEmpty())
            add({demo}, Place::Demo);
        for (const QString& folder : chosen)
            add(modelFoldersIn(folder), Place::Chosen);
        if (!cache.isEmpty())
            add(modelFoldersInHubCache(cache), Place::HubCache);
        return rows;
    }).then(this, [this](const QList<Row>& rows) {
        scanning_ = false;
        show(rows);
        emit scanningChanged();
        emit scanned();
        if (std::exchange(scanAgain_, false))
            scan();
    });
}

void ModelList::setChosenFolders(const QStringList& folders) {
    chosenFolders_ = folders;
}

void ModelList::setVerdict(const QString& folder, const QString& verdict, const QString& size) {
    const int row = rowOfFolder(folder);
    if (row < 0)
        return;
    const bool sameVerdict = std::exchange(rows_[row].verdict, verdict) == verdict;
    const bool sameSize = std::exchange(rows_[row].size, size) == size;
    if (!sameVerdict || !sameSize)
        emit dataChanged(index(row), index(row), {VerdictRole, SizeRole});
}

void ModelList::show(QList<Row> rows) {
    // What was judged before holds until it is judged again.
    for (Row& row : rows)
        if (const int known = rowOfFolder(row.folder); row.usable && known >= 0) {
            row.verdict = rows_.at(known).verdict;
            row.size = rows_.at(known).size;
        }
    if (rows == rows_)
        return;
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
    emit countChanged();
}

} // namespace lapidary::app
