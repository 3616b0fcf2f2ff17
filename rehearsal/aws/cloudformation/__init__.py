"""CloudFormation: the resource types that ministack lacks or gets wrong, and the gate in front of stacks."""
