@echo off
"%~dp0..\node.exe" --max-semi-space-size=4 "%~dp0..\cli\out\main\cli.js" %*
