"""Everything that a rule file may import."""

from rules.change import DockerfileChange
from rules.comments import comments_on
from rules.dockerfile.dockerignore import Dockerignore
from rules.dockerfile.expand import UNKNOWN
from rules.dockerfile.nodes import Comment, Dockerfile, Doubt, Flag, Heredoc, Instruction, SyntaxFault, Word
from rules.dockerfile.package_calls import Package, PackageCall
from rules.dockerfile.reference import ImageReference, parse_reference
from rules.dockerfile.shell.exec_form import behind
from rules.dockerfile.shell.script import Command, Construct, Redirect, Script, ShellWord, script_of
from rules.dockerfile.shell.script import parse as parse_shell
from rules.dockerfile.source import Source, Span
from rules.dockerfile.spelling import nearest
from rules.dockerfile.syntax.grammar import INSTRUCTIONS
from rules.dockerfile.syntax.pasted import pasted, signs_of
from rules.dockerfile.syntax.patches import is_patch, patched
from rules.dockerfile.syntax.templates import blank_of
from rules.facts.command_packages import package_of_command, provides
from rules.facts.dropped import Dropped, dropped
from rules.facts.eol import EndOfLife, all_end_of_life
from rules.facts.images import ImageFacts, image_facts, is_unpublished, tags_date
from rules.facts.packages import is_build_only, recommends_nothing
from rules.facts.replacement import supported_reference
from rules.lazily import once
from rules.mending import mended_at_once
from rules.model.accounts import Account
from rules.model.audience import is_development_file, is_development_name, near_folders
from rules.model.copy_source import CopySource
from rules.model.filenames import names_a_file
from rules.model.files import Attributes, Files, changes_by
from rules.model.groups import group_exists, groupless
from rules.model.model import Model
from rules.model.nesting import innermost_around, runs_apart, shell_around
from rules.model.outcome import Outcome, outcome_of_failure, surely_stops
from rules.model.packages import OS_MANAGERS, Installed
from rules.model.puts import Put, folders_of, meet, within
from rules.model.run_writes import Write, written_by
from rules.model.scope import OF_THE_BUILDER, PLATFORM_ARGS, PREDEFINED_ARGS, Scope, Variable, names_read
from rules.model.search_path import path_folders
from rules.model.settings import Image, Origin, Port, Setting, Start, is_script
from rules.model.stage import Stage
from rules.model.steps import Copy, Mount, Run, Step
from rules.model.users import ROOT_NAMES, is_root_name
from rules.problem import BY_ARGUMENT, Category, Confidence, Edit, Fix, Note, Problem, Severity
from rules.quoting import quote
from rules.repairs import (
    add_flag,
    append_to_run,
    append_to_stage,
    as_root,
    delete_command,
    delete_commands,
    delete_instruction,
    delete_word,
    ends_for_good,
    fix,
    insert,
    insert_after,
    insert_line_after,
    insert_line_before,
    joint_of,
    move_below,
    replace,
    tail_start,
)
from rules.repository import Repository
from rules.repository.builds import Build
from rules.rule import rule
from rules.suppression import Suppression, suppressions

__all__ = [
    "BY_ARGUMENT",
    "INSTRUCTIONS",
    "OF_THE_BUILDER",
    "OS_MANAGERS",
    "PLATFORM_ARGS",
    "PREDEFINED_ARGS",
    "ROOT_NAMES",
    "UNKNOWN",
    "Account",
    "Attributes",
    "Build",
    "Category",
    "Command",
    "Comment",
    "Confidence",
    "Construct",
    "Copy",
    "CopySource",
    "Dockerfile",
    "DockerfileChange",
    "Dockerignore",
    "Doubt",
    "Dropped",
    "Edit",
    "EndOfLife",
    "Files",
    "Fix",
    "Flag",
    "Heredoc",
    "Image",
    "ImageFacts",
    "ImageReference",
    "Installed",
    "Instruction",
    "Model",
    "Mount",
    "Note",
    "Origin",
    "Outcome",
    "Package",
    "PackageCall",
    "Port",
    "Problem",
    "Put",
    "Redirect",
    "Repository",
    "Run",
    "Scope",
    "Script",
    "Setting",
    "Severity",
    "ShellWord",
    "Source",
    "Span",
    "Stage",
    "Start",
    "Step",
    "Suppression",
    "SyntaxFault",
    "Variable",
    "Word",
    "Write",
    "add_flag",
    "all_end_of_life",
    "append_to_run",
    "append_to_stage",
    "as_root",
    "behind",
    "blank_of",
    "changes_by",
    "comments_on",
    "delete_command",
    "delete_commands",
    "delete_instruction",
    "delete_word",
    "dropped",
    "ends_for_good",
    "fix",
    "folders_of",
    "group_exists",
    "groupless",
    "image_facts",
    "innermost_around",
    "insert",
    "insert_after",
    "insert_line_after",
    "insert_line_before",
    "is_build_only",
    "is_development_file",
    "is_development_name",
    "is_patch",
    "is_root_name",
    "is_script",
    "is_unpublished",
    "joint_of",
    "meet",
    "mended_at_once",
    "move_below",
    "names_a_file",
    "names_read",
    "near_folders",
    "nearest",
    "once",
    "outcome_of_failure",
    "package_of_command",
    "parse_reference",
    "parse_shell",
    "pasted",
    "patched",
    "path_folders",
    "provides",
    "quote",
    "recommends_nothing",
    "replace",
    "rule",
    "runs_apart",
    "script_of",
    "shell_around",
    "signs_of",
    "supported_reference",
    "suppressions",
    "surely_stops",
    "tags_date",
    "tail_start",
    "within",
    "written_by",
]
